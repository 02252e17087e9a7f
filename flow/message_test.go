package flow

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"sluice/faults"
)

func formMessage(body string) *Message {
	m := NewRequest()
	m.Header.Add("content-type", "application/x-www-form-urlencoded; charset=utf-8")
	m.Body.SetStream(io.NopCloser(strings.NewReader(body)), int64(len(body)))
	return m
}

func faultOf(t *testing.T, err error) string {
	t.Helper()
	f, ok := errors.AsType[*faults.Fault](err)
	if !ok {
		t.Fatalf("%v is no fault", err)
	}
	return f.Name()
}

func TestFormReads(t *testing.T) {
	m := formMessage("a=1&b=x+y&a=%zz&")
	if got, err := m.FormValues("a"); !slices.Equal(got, []string{"1", "%zz"}) || err != nil {
		t.Errorf("values of a: %q, %v", got, err)
	}
	if got, ok, err := m.FormParam("b", 1); got != "x y" || !ok || err != nil {
		t.Errorf("b: %q, %v, %v", got, ok, err)
	}
	if _, ok, err := m.FormParam("c", 1); ok || err != nil {
		t.Errorf("c: %v, %v", ok, err)
	}
	if got, err := m.FormNames(); !slices.Equal(got, []string{"a", "b"}) || err != nil {
		t.Errorf("names: %q, %v", got, err)
	}
	if got, err := m.Content(); string(got) != "a=1&b=x+y&a=%zz&" || err != nil {
		t.Errorf("content after reading: %q, %v", got, err)
	}
	m.SetContent([]byte("a=2"))
	if got, _, _ := m.FormParam("a", 1); got != "2" {
		t.Errorf("a after the content was set: %q", got)
	}
}

func TestFormEdits(t *testing.T) {
	for _, c := range []struct {
		name, before string
		edit         func(m *Message) error
		after        string
	}{
		{"set", "a=1&b=%&a=2", func(m *Message) error { return m.SetFormParam("a", "x y") }, "a=x%20y&b=%"},
		{"add", "a=1", func(m *Message) error { return m.AddFormParam("a", "2") }, "a=1&a=2"},
		{"set an item", "a=1&a=2", func(m *Message) error { return m.setFormItem("a", 2, "3") }, "a=1&a=3"},
		{"del", "a=1&b=2&a=3", func(m *Message) error { return m.DelFormParam("a", 0) }, "b=2"},
		{"del an item", "a=1&b=2&a=3", func(m *Message) error { return m.DelFormParam("a", 2) }, "a=1&b=2"},
	} {
		m := formMessage(c.before)
		if err := c.edit(m); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if got, err := m.Content(); string(got) != c.after || err != nil {
			t.Errorf("%s: %q, %v; want %q", c.name, got, err, c.after)
		}
	}
}

func TestFormOfAnotherType(t *testing.T) {
	m := NewRequest()
	m.Header.Add("Content-Type", "application/json")
	m.SetContent([]byte(`{"a":1}`))
	if _, ok, err := m.FormParam("a", 1); ok || err != nil {
		t.Errorf("a JSON payload has form parameters: %v, %v", ok, err)
	}
	if err := m.DelFormParam("a", 0); err != nil {
		t.Error(err)
	}
	if got, _ := m.Content(); string(got) != `{"a":1}` || m.MediaType() != "application/json" {
		t.Errorf("deleting a form parameter made %s %q", m.MediaType(), got)
	}
	if err := m.SetFormParam("a", "1"); err != nil {
		t.Error(err)
	}
	if got, _ := m.Content(); string(got) != "a=1" || m.MediaType() != FormType {
		t.Errorf("setting a form parameter made %s %q", m.MediaType(), got)
	}
}

func TestFormFaults(t *testing.T) {
	m := formMessage(strings.Repeat("&", maxFormParams))
	_, _, err := m.FormParam("a", 1)
	if err == nil || faultOf(t, err) != "BadFormData" {
		t.Errorf("too many parameters: %v", err)
	}
	m = formMessage("a=1&b=2")
	m.Limit = 3
	for name, read := range map[string]func() error{
		"FormParam":    func() error { _, _, err := m.FormParam("a", 1); return err },
		"FormNames":    func() error { _, err := m.FormNames(); return err },
		"FormValues":   func() error { _, err := m.FormValues("a"); return err },
		"SetFormParam": func() error { return m.SetFormParam("a", "1") },
		"Clone":        func() error { _, err := m.Clone(); return err },
		"Content":      func() error { _, err := m.Content(); return err },
	} {
		if err := read(); err == nil || faultOf(t, err) != "TooBigBody" {
			t.Errorf("%s above the limit: %v", name, err)
		}
	}
}

func TestStreamedContentIsEmpty(t *testing.T) {
	m := formMessage("a=1")
	m.Streamed = true
	if got, err := m.Content(); len(got) != 0 || err != nil {
		t.Errorf("content: %q, %v", got, err)
	}
	if !m.Body.Flowing() {
		t.Error("a streamed body does not flow any more")
	}
	m.SetContent([]byte("b=2"))
	if got, err := m.Content(); string(got) != "b=2" || err != nil {
		t.Errorf("content that a policy set: %q, %v", got, err)
	}
}

func TestContentThatIsGone(t *testing.T) {
	m := formMessage("a=1")
	r, _ := m.Body.Take()
	defer r.Close()
	if _, err := m.Content(); !errors.Is(err, ErrBodyGone) {
		t.Errorf("content: %v", err)
	}
}

func TestCloneSharesNothingThatChanges(t *testing.T) {
	m := formMessage("a=1")
	m.Query = "q=1"
	m.QueryNames()
	c, err := m.Clone()
	if err != nil {
		t.Fatal(err)
	}
	c.SetQueryParam("q", "2")
	c.Header.Set("Content-Type", "text/plain")
	c.SetContent([]byte("other"))
	if err := m.SetFormParam("a", "3"); err != nil {
		t.Fatal(err)
	}
	content, _ := c.Content()
	if m.Query != "q=1" || c.Query != "q=2" || m.MediaType() != FormType || string(content) != "other" {
		t.Errorf("query %q and %q, type %s, content %q", m.Query, c.Query, m.MediaType(), content)
	}
}

func TestMessageTexts(t *testing.T) {
	m := NewResponse()
	m.Header.Add("Content-Type", " Text/HTML ; charset=utf-8")
	if m.MediaType() != "text/html" || m.ReasonPhrase() != "OK" || m.Kind.String() != "response" {
		t.Errorf("%q, %q, %q", m.MediaType(), m.ReasonPhrase(), m.Kind)
	}
	m.Reason = "Fine"
	if m.ReasonPhrase() != "Fine" || standardReason(299) != "" || standardReason(429) != "Too Many Requests" {
		t.Errorf("%q, %q", m.ReasonPhrase(), standardReason(429))
	}
	r := NewRequest()
	r.Path = "/a%20b"
	if r.URI() != "/a%20b" || r.Kind.String() != "request" {
		t.Errorf("%q", r.URI())
	}
	r.Query = "c=%zz"
	if r.URI() != "/a%20b?c=%zz" {
		t.Errorf("%q", r.URI())
	}
}
