package integrations

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/smtp"
	"strings"
	"time"
)

// defaultMailTimeout bounds one delivery.
const defaultMailTimeout = 30 * time.Second

// A message is one mail. Its addresses are plain, as mail.Address.Address.
type message struct {
	from, id, subject, body string
	to, cc                  []string
	date                    time.Time
	html                    bool
}

// deliver sends m over SMTP, with TLS where the server offers it.
func (o Outside) deliver(ctx context.Context, m *message, recipients []string) error {
	limit := o.MailTimeout
	if limit <= 0 {
		limit = defaultMailTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", o.Mail)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) }) // ends what is under way
	defer stop()
	defer conn.Close()
	host, _, _ := net.SplitHostPort(o.Mail)
	c, err := smtp.NewClient(conn, host)
	if err != nil {
		return err
	}
	if err := o.greet(c, host); err != nil {
		return err
	}
	return send(c, m, recipients)
}

func (o Outside) greet(c *smtp.Client, host string) error {
	if ok, _ := c.Extension("STARTTLS"); ok {
		if err := c.StartTLS(&tls.Config{ServerName: host}); err != nil {
			return err
		}
	}
	if o.MailUser == "" {
		return nil
	}
	return c.Auth(smtp.PlainAuth("", o.MailUser, o.MailPassword, host))
}

func send(c *smtp.Client, m *message, recipients []string) error {
	if err := c.Mail(m.from); err != nil {
		return err
	}
	for _, r := range recipients {
		if err := c.Rcpt(r); err != nil {
			return fmt.Errorf("recipient %s: %w", r, err)
		}
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(m.bytes()); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	_ = c.Quit() // the message is accepted already
	return nil
}

// bytes is m in the form of RFC 5322. The id is that of the task, so that a repeated message can
// be recognized.
func (m *message) bytes() []byte {
	var b bytes.Buffer
	header := func(name, v string) {
		if v != "" {
			fmt.Fprintf(&b, "%s: %s\r\n", name, v)
		}
	}
	header("Date", m.date.Format(time.RFC1123Z))
	header("Message-ID", "<"+m.id+"@integrations>")
	header("From", m.from)
	header("To", strings.Join(m.to, ", "))
	header("Cc", strings.Join(m.cc, ", "))
	header("Subject", mime.QEncoding.Encode("utf-8", strings.Join(strings.Fields(m.subject), " ")))
	header("MIME-Version", "1.0")
	kind := "plain"
	if m.html {
		kind = "html"
	}
	header("Content-Type", "text/"+kind+"; charset=utf-8")
	header("Content-Transfer-Encoding", "quoted-printable")
	b.WriteString("\r\n")
	w := quotedprintable.NewWriter(&b)
	_, _ = w.Write([]byte(m.body)) // a bytes.Buffer takes everything
	_ = w.Close()
	return b.Bytes()
}
