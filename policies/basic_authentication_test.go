package policies_test

import (
	"slices"
	"strings"
	"testing"

	"sluice/flow"
)

func TestBasicAuthenticationDeployment(t *testing.T) {
	const user, password, to = `<User ref="u"/>`, `<Password ref="private.p"/>`, `<AssignTo>a</AssignTo>`
	tests := []struct {
		elements string
		want     []string
	}{
		{`<Operation>Encode</Operation>` + user + password + to, nil},
		{`<Operation>Encode</Operation>` + password + to, []string{"error UserNameRequired"}},
		{`<Operation>Encode</Operation>` + user + to, []string{"error PasswordRequired"}},
		{`<Operation>Encode</Operation>` + user + password, []string{"error AssignToRequired"}},
		{`<Operation>Encode</Operation><User>me</User>` + password + to, []string{"error UserNameRequired"}},
		{`<Operation>Decode</Operation>` + user + password, []string{"error SourceRequired"}},
		{`<Operation>Decode</Operation>` + user + password + `<Source>s</Source><Realm/>`, []string{"warning UnknownElement"}},
		{`<Operation>Guess</Operation>` + user + password + to, []string{"error InvalidValue"}},
		{user + password + to, []string{"error MissingElement"}},
	}
	for _, tt := range tests {
		_, b := permissive.compile(t, "<BasicAuthentication>"+tt.elements+"</BasicAuthentication>")
		if got := calloutProblems(b.Problems); !slices.Equal(got, tt.want) {
			t.Errorf("%s\n got %v\nwant %v", tt.elements, b.Problems, tt.want)
		}
	}
}

// TestBasicAuthenticationBodyTooBig: what cannot be read is not an empty password.
func TestBasicAuthenticationBodyTooBig(t *testing.T) {
	for _, elements := range []string{
		`<Operation>Encode</Operation><User ref="messageid"/><Password ref="request.content"/><AssignTo>a</AssignTo>`,
		`<Operation>Decode</Operation><User ref="u"/><Password ref="p"/><Source>request.content</Source>`,
	} {
		x := client()
		x.Request.Limit = 4
		x.Request.Body.SetStream(shortStream{strings.NewReader("12345")}, 5)
		err := permissive.run(t, x, `<BasicAuthentication>`+elements+`</BasicAuthentication>`)
		if got := calloutFault(t, err); got != "TooBigBody" {
			t.Errorf("%s: %q, want TooBigBody", elements, got)
		}
	}
}

func BenchmarkBasicAuthentication(b *testing.B) {
	encode, _ := permissive.compile(b, `<BasicAuthentication><Operation>Encode</Operation><User ref="user"/><Password ref="private.password"/>
		<AssignTo createNew="true">request.header.Authorization</AssignTo></BasicAuthentication>`)
	decode, _ := permissive.compile(b, `<BasicAuthentication><Operation>Decode</Operation><User ref="found.user"/><Password ref="private.found"/>
		<Source>request.header.Authorization</Source></BasicAuthentication>`)
	x := client()
	x.Put("user", flow.Text("Aladdin"))
	x.Put("private.password", flow.Text("open sesame"))
	b.ReportAllocs()
	for b.Loop() {
		if err := encode.Execute(b.Context(), x); err != nil {
			b.Fatal(err)
		}
		if err := decode.Execute(b.Context(), x); err != nil {
			b.Fatal(err)
		}
	}
}

// FuzzBasicAuthentication decodes what a client may send; what is accepted is
// accepted again, and read the same, when Encode has written it.
func FuzzBasicAuthentication(f *testing.F) {
	for _, seed := range []string{"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "basic Og", "Basic", "Bearer x", "Basic  Og== ", "Basic =", "Basic QQ"} {
		f.Add(seed)
	}
	decode, _ := permissive.compile(f, `<BasicAuthentication><Operation>Decode</Operation><User ref="user"/><Password ref="private.password"/><Source>header</Source></BasicAuthentication>`)
	encode, _ := permissive.compile(f, `<BasicAuthentication><Operation>Encode</Operation><User ref="user"/><Password ref="private.password"/><AssignTo createNew="true">header</AssignTo></BasicAuthentication>`)
	f.Fuzz(func(t *testing.T, header string) {
		x := client()
		x.Put("header", flow.Text(header))
		if decode.Execute(t.Context(), x) != nil {
			return
		}
		user, password := x.Lookup("user"), x.Lookup("private.password")
		if err := encode.Execute(t.Context(), x); err != nil {
			t.Fatal(err)
		}
		if err := decode.Execute(t.Context(), x); err != nil || x.Lookup("user") != user || x.Lookup("private.password") != password {
			t.Errorf("%q reads %q and %q, then %q (%v)", header, user, password, x.Lookup("header"), err)
		}
	})
}
