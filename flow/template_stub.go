package flow

type Template struct{}
type TemplateOptions struct {
	Name           func(string) *Name
	Prefix, Suffix string
}
type TemplateError struct{ Code, Message, Hint string }

func (*TemplateError) Error() string   { return "" }
func (*TemplateError) Excerpt() string { return "" }

// UnresolvedError says that a template named a variable that is not set.
type UnresolvedError struct{ Name string }

func (e *UnresolvedError) Error() string { return "unresolved variable " + e.Name }

func CompileTemplate(string, TemplateOptions) (*Template, error) { return nil, nil }
func Literal(string) *Template                                   { return nil }

func (t *Template) Expand(x *Exchange, ignoreUnresolved bool) (string, error) { return "", nil }
func (t *Template) Append(dst []byte, x *Exchange, ignoreUnresolved bool) ([]byte, error) {
	return dst, nil
}
func (t *Template) Static() (string, bool) { return "", false }
func (t *Template) String() string         { return "" }
