package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/internal/loopback"
)

// notify is an integration that calls with an authentication profile, and mails what it was told.
const notify = `{"triggerConfigs":[{"triggerType":"API","triggerNumber":"1","triggerId":"api_trigger/notify","startTasks":[{"taskId":"1"}]}],
"taskConfigs":[
  {"task":"GenericRestV2Task","taskId":"1","nextTasks":[{"taskId":"2"}],"parameters":{
    "url":{"key":"url","value":{"stringValue":"http://store.example.com/stock"}},"httpMethod":{"key":"httpMethod","value":{"stringValue":"GET"}},
    "authConfigName":{"key":"authConfigName","value":{"stringValue":"store"}},"throwError":{"key":"throwError","value":{"booleanValue":true}},
    "responseBody":{"key":"responseBody","value":{"stringArray":{"stringValues":["$stock$"]}}}}},
  {"task":"EmailTask","taskId":"2","parameters":{
    "To":{"key":"To","value":{"stringValue":"ada@example.com"}},"Subject":{"key":"Subject","value":{"stringValue":"Stock"}},
    "TextBody":{"key":"TextBody","value":{"stringValue":"There is $stock$."}}}}],
"integrationParameters":[{"key":"stock","dataType":"STRING_VALUE","inputOutputType":"OUT"}]}`

// TestServeOutside runs it in serve, where the settings lead to a mail server and a profile.
func TestServeOutside(t *testing.T) {
	t.Parallel()
	dir, mails := t.TempDir(), make(chan string, 1)
	integration, profile := filepath.Join(dir, "notify.json"), filepath.Join(dir, "profiles.json")
	must(t, os.WriteFile(integration, []byte(notify), 0o600))
	must(t, os.WriteFile(profile, []byte(`[{"displayName":"store","credentialType":"AUTH_TOKEN","decryptedCredential":{"authToken":{"type":"Token","token":"canary-token"}}}]`), 0o600))
	store := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "Token canary-token" {
			_, _ = io.WriteString(w, "tea")
		}
	}))
	t.Cleanup(store.Close)
	api := loopback.Address(t)
	r := serving(t, "../../examples/integration-sync", "--integration", integration, "--auth-configs", profile, "--integrations-listen", api,
		"--smtp", mailServer(t, mails), "--smtp-from", "sluice@example.com", "--map-host", "store.example.com="+strings.TrimPrefix(store.URL, "http://"))
	r.await(t, "Application Integration on")
	resp, err := http.Post("http://"+api+"/v1/projects/local/locations/us-central1/integrations/notify:execute", "application/json", strings.NewReader(`{"triggerId":"api_trigger/notify"}`))
	must(t, err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	must(t, err)
	if resp.StatusCode != 200 || !strings.Contains(string(answer), `"stock":"tea"`) {
		t.Fatalf("%d %s\n%s", resp.StatusCode, answer, r.out)
	}
	if mail := <-mails; !strings.Contains(mail, "From: sluice@example.com") || !strings.Contains(mail, "There is tea.") {
		t.Errorf("the mail is %s", mail)
	}
}

// mailServer takes one mail and tells it.
func mailServer(t *testing.T, mails chan<- string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if c, err := l.Accept(); err == nil {
			takeMail(c, mails)
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-ended
	})
	return l.Addr().String()
}

// takeMail speaks as much SMTP as a client needs.
func takeMail(c net.Conn, mails chan<- string) {
	defer c.Close()
	in := bufio.NewReader(c)
	say := func(text string) { fmt.Fprintf(c, "%s\r\n", text) }
	say("220 here")
	for {
		line, err := in.ReadString('\n')
		switch command := strings.ToUpper(strings.TrimSpace(line)); {
		case err != nil:
			return
		case command == "DATA":
			say("354 go on")
			mails <- readMail(in)
			say("250 taken")
		case command == "QUIT":
			say("221 bye")
			return
		default:
			say("250 yes")
		}
	}
}

func readMail(in *bufio.Reader) string {
	var mail strings.Builder
	for {
		line, err := in.ReadString('\n')
		if err != nil || line == ".\r\n" {
			return mail.String()
		}
		mail.WriteString(line)
	}
}
