package integrations

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"slices"
	"strings"
)

var _ = register(taskKind{name: "EmailTask", ui: "Send Email", compile: compileEmail})

// maxRecipients is that of one message (reference: integrations.md 1).
const maxRecipients = 30

// email is Send Email (https://cloud.google.com/application-integration/docs/configure-send-email-task),
// over SMTP. Attachments are paths in Cloud Storage and do not run here.
type email struct {
	outside     Outside
	to, cc, bcc []template
	subject     template
	body        template
	html        bool
	must        bool // fail without recipients
}

func compileEmail(b *build, p parameters) (task, []error) {
	var errs []error
	t := &email{
		outside: b.outside,
		to:      p.templates("To", &errs),
		cc:      p.templates("Cc", &errs),
		bcc:     p.templates("Bcc", &errs),
		subject: p.template("Subject", &errs),
		body:    p.template("TextBody", &errs),
		html:    strings.EqualFold(constant(p, "BodyFormat", toText, &errs), "html"),
		must:    constant(p, "ThrowNoRequiredInputException", toBool, &errs),
	}
	if len(p.templates("AttachmentPath", &errs)) > 0 {
		errs = append(errs, errors.New("parameter AttachmentPath: attachments do not run here"))
	}
	if b.outside.Mail == "" {
		errs = append(errs, &Problem{Reason: Setting, Text: "sends mail, and no SMTP server is set"})
	}
	return t, errs
}

func (t *email) run(ctx context.Context, a *attempt) error {
	m := &message{from: t.outside.MailFrom, id: a.key(), date: a.now(), html: t.html}
	var err error
	if m.to, err = addresses(t.to, a.scope); err == nil {
		m.cc, err = addresses(t.cc, a.scope)
	}
	var bcc []string
	if err == nil {
		bcc, err = addresses(t.bcc, a.scope)
	}
	if err != nil {
		return err
	}
	recipients := slices.Concat(m.to, m.cc, bcc)
	switch {
	case len(recipients) == 0 && t.must:
		return errors.New("there is nobody to send to")
	case len(recipients) == 0: // as in the sample "Catch task error"
		return nil
	case len(recipients) > maxRecipients:
		return fmt.Errorf("there are %d recipients; a message has at most %d", len(recipients), maxRecipients)
	}
	if m.subject, err = t.subject.text(a.scope); err != nil {
		return err
	}
	if m.body, err = t.body.text(a.scope); err != nil {
		return err
	}
	return t.outside.deliver(ctx, m, recipients)
}

// addresses resolves templates of addresses, each of which may name a list, or several with
// commas between.
func addresses(from []template, s *scope) ([]string, error) {
	var out []string
	for _, t := range from {
		v, err := t.value(s)
		if err != nil {
			return nil, err
		}
		list, ok := v.([]any)
		if !ok {
			list = []any{v}
		}
		for _, e := range list {
			if strings.TrimSpace(text(e)) == "" {
				continue
			}
			parsed, err := mail.ParseAddressList(text(e))
			if err != nil {
				return nil, fmt.Errorf("%s is not an address: %w", show(e), err)
			}
			for _, a := range parsed {
				out = append(out, a.Address)
			}
		}
	}
	return out, nil
}
