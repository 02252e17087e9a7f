package flow

type Condition struct{}
type ConditionOptions struct {
	Name           func(string) *Name
	JavaPrecedence bool
}
type ConditionWarning struct{ Message, Hint string }
type ConditionError struct{ Message, Hint string }

func (*ConditionError) Error() string   { return "" }
func (*ConditionError) Excerpt() string { return "" }

func CompileCondition(string, ConditionOptions) (*Condition, []ConditionWarning, error) {
	return nil, nil, nil
}
func (*Condition) Eval(*Exchange) (bool, error) { return true, nil }
func (*Condition) String() string               { return "" }
