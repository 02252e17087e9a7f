package cases

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"sluice/flow"
)

// scripted is an integration service that follows the script.
type scripted struct {
	script *script
	region string // of the runtime
}

// slow is the error of a call that took too long.
type slow struct{}

func (slow) Error() string { return "the integration took too long" }
func (slow) Timeout() bool { return true }

// Run compares the call with the one that is due, and gives its answer.
func (s scripted) Run(_ context.Context, c flow.IntegrationCall) (*flow.Message, error) {
	method, region := "execute", c.Region
	if c.Schedule {
		method = "schedule"
	}
	if region == "" {
		region = s.region
	}
	first := strings.Join([]string{method, c.Project, region, c.Name}, " ")
	call := s.script.take("integration", first)
	if call == nil {
		return nil, errors.New("the case has no such integration call")
	}
	list := call.want.compareHead([]string{first})
	body := *call.want
	body.body = compact(body.body)
	s.script.compared(call, append(list, body.compareBody(compact(string(c.Body)))...)...)
	switch call.answer.directive {
	case "timeout":
		return nil, slow{}
	case "token-failure":
		return nil, &flow.TokenError{Err: errors.New("the case says so")}
	case "broken":
		return nil, io.ErrUnexpectedEOF
	}
	return call.answer.held(), nil
}

// compact drops the white space between the tokens of JSON, so that a case may
// be laid out to be read. What is no JSON stays as it is.
func compact(text string) string {
	var b bytes.Buffer
	if json.Compact(&b, []byte(text)) != nil {
		return text
	}
	return b.String()
}

// held is the answer as a message whose body is at hand.
func (a *answer) held() *flow.Message {
	m := flow.NewResponse()
	if a.message == nil {
		m.SetContent(nil)
		return m
	}
	m.Status = statusOf(a.message.first())
	for _, line := range a.message.head[1:] {
		name, value, _ := strings.Cut(line, ":")
		m.Header.Add(name, strings.TrimSpace(value))
	}
	m.SetContent([]byte(a.message.body))
	return m
}

// identity makes the tokens of a case.
type identity struct{ config *config }

func (i identity) Token(context.Context, flow.TokenRequest) (string, error) {
	if i.config.tokenFails {
		return "", &flow.TokenError{Err: errors.New("the case says so")}
	}
	return i.config.token, nil
}
