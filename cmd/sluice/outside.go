package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"sluice/flow"
	"sluice/internal/integrations"
)

// OutsideSettings are what tasks of the local Application Integration reach besides
// plain HTTP, and how long its executions may take.
type OutsideSettings struct {
	SMTP           string   `yaml:"smtp"`
	SMTPFrom       string   `yaml:"smtp-from"`
	SMTPUser       string   `yaml:"smtp-user"`
	SMTPPassword   string   `yaml:"smtp-password"`
	Connectors     string   `yaml:"connectors"`
	GoogleServices string   `yaml:"google-services"`
	AuthConfigs    []string `yaml:"auth-configs"`

	SyncLimit  time.Duration `yaml:"integrations-sync-limit"`
	AsyncLimit time.Duration `yaml:"integrations-async-limit"`
}

func (s *OutsideSettings) options() []*option {
	return []*option{
		{name: "integrations-sync-limit", usage: "`duration` of an execution that somebody waits for; Google's is the default", set: duration(&s.SyncLimit, time.Millisecond), def: s.SyncLimit.String()},
		{name: "integrations-async-limit", usage: "`duration` of an asynchronous execution; Google's is the default", set: duration(&s.AsyncLimit, time.Millisecond), def: s.AsyncLimit.String()},
		{name: "smtp", usage: "`address` of the mail server for Send Email tasks; without it a version with such a task is refused", set: text(&s.SMTP)},
		{name: "smtp-from", usage: "sender's `address`", set: text(&s.SMTPFrom)},
		{name: "smtp-user", usage: "`user` to log in with", set: text(&s.SMTPUser)},
		{name: "smtp-password", usage: "the `password`; better given as SLUICE_SMTP_PASSWORD", set: text(&s.SMTPPassword)},
		{name: "connectors", usage: "`URL` that answers for connectors.googleapis.com in Connectors tasks", set: text(&s.Connectors)},
		{name: "google-services", usage: "`URL` that answers for Google's services in tasks: their name, as pubsub.googleapis.com, and the path are added", set: text(&s.GoogleServices)},
		{name: "auth-configs", usage: "`file` of authentication profiles, as the API takes them, with decryptedCredential; repeat it for more", set: list(&s.AuthConfigs)},
	}
}

func (s *OutsideSettings) check() error {
	if s.SMTP == "" && (s.SMTPFrom != "" || s.SMTPUser != "" || s.SMTPPassword != "") {
		return errors.New("--smtp-from, --smtp-user and --smtp-password need --smtp, the address of the mail server")
	}
	if s.SMTP != "" && s.SMTPFrom == "" {
		return errors.New("--smtp needs --smtp-from, the sender of the mails")
	}
	return nil
}

// outside is what the engine is told of them. Tokens for service accounts are those
// that proxies get.
func (s *OutsideSettings) outside(identity flow.Identity) integrations.Outside {
	return integrations.Outside{
		Token: func(ctx context.Context, account, audience string, scopes []string) (string, error) {
			return identity.Token(ctx, flow.TokenRequest{Account: account, Audience: audience, Scopes: scopes})
		},
		Mail: s.SMTP, MailFrom: s.SMTPFrom, MailUser: s.SMTPUser, MailPassword: s.SMTPPassword,
		Connectors: s.Connectors, Services: s.GoogleServices,
	}
}

// loadAuthConfigs takes in the authentication profiles of the files, before the
// versions that use them.
func (r *runtime) loadAuthConfigs(ctx context.Context) error {
	for _, file := range r.settings.AuthConfigs {
		configs, err := readAuthConfigs(file)
		if err != nil {
			return fmt.Errorf("--auth-configs %s: %w", file, err)
		}
		for i, c := range configs {
			if err := r.backends.integrations.LoadAuthConfig(ctx, c); err != nil {
				return fmt.Errorf("--auth-configs %s: profile %d of %d: %w", file, i+1, len(configs), err)
			}
		}
	}
	return nil
}

// readAuthConfigs reads one profile or a list.
func readAuthConfigs(file string) ([]json.RawMessage, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var list []json.RawMessage
	if json.Unmarshal(data, &list) == nil {
		return list, nil
	}
	if !json.Valid(data) {
		return nil, errors.New("it is no JSON")
	}
	return []json.RawMessage{data}, nil
}
