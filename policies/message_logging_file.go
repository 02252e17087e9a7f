package policies

import (
	"path"
	"strings"
	"time"

	"github.com/beevik/etree"

	"sluice/flow"
)

// messageFile is File, which exists on Edge for Private Cloud.
type messageFile struct {
	logs flow.Logs
	file flow.LogFile
	text *flow.Template

	header *messageHeader // nil: the message alone
}

// Bounds of log files. Without FileRotationOptions they are rotated all the same: a
// client must not be able to fill the disk. (Edge's own defaults are in its
// installation, not in its documentation.)
const (
	messageFileMegabytes = 100
	messageFilesKept     = 10
	messageFilesMost     = 1000
)

func (c *messageLoggingCompiler) file(el *etree.Element) messageLog {
	c.Known(el, "Message", "FileName", "FileRotationOptions", "FormatMessage", "DateFormat")
	name := c.Need(el, "FileName")
	if strings.ContainsAny(name, "/\\\x00") || name == "." || name == ".." {
		c.RefuseText(flow.Child(el, "FileName"), "InvalidValue", "FileName is not the name of a file", "write a name without slashes")
	}
	return &messageFile{
		logs: c.MessageLogs(), text: c.message(el), header: c.header(el),
		file: flow.LogFile{
			// The folders are those of Edge (recalled), below a folder of its own.
			Path: path.Join(messageFolder(c.Organization), messageFolder(c.Environment), messageFolder(c.Bundle),
				messageFolder(c.Revision), messageFolder(c.Owner), messageFolder(name)),
			Rotation: c.rotation(flow.Child(el, "FileRotationOptions")),
		},
	}
}

// messageFolder is a name as a part of a path.
func messageFolder(name string) string {
	name = strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, name)
	if strings.Trim(name, ".") == "" {
		return "_" + name
	}
	return name
}

// rotation reads FileRotationOptions.
func (c *messageLoggingCompiler) rotation(el *etree.Element) flow.LogRotation {
	c.Known(el, "FileRotationType", "MaxFileSizeInMB", "MaxFilesToRetain", "RotationFrequency")
	r := flow.LogRotation{
		AtStart: c.BoolAttr(el, "rotateFileOnStartup", false),
		Size:    int64(min(c.Int(el, "MaxFileSizeInMB", messageFileMegabytes, 1), 1<<20)) << 20,
		Keep:    min(c.Int(el, "MaxFilesToRetain", messageFilesKept, 0), messageFilesMost),
	}
	// With TIME alone the size counts too: see above.
	if kind := c.Enum(el, "FileRotationType", "SIZE", "TIME", "TIME_SIZE"); kind != "SIZE" {
		r.Every = c.frequency(el)
	}
	return r
}

// messageUnits are the units of RotationFrequency.
var messageUnits = map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}

func (c *messageLoggingCompiler) frequency(el *etree.Element) time.Duration {
	child := flow.Child(el, "RotationFrequency")
	unit, ok := messageUnits[strings.ToLower(c.Attr(child, "unit"))]
	if !ok {
		unit = time.Minute
		if text := c.Attr(child, "unit"); text != "" {
			c.Warn(child, "InvalidValue", "unit "+text+" is not known and taken for minute", "write minute, hour or day")
		}
	}
	const most = 10_000
	return time.Duration(min(c.Int(el, "RotationFrequency", 24*60, 1), most)) * unit
}

func (f *messageFile) write(p *messageLogging, x *flow.Exchange) error {
	line, err := p.line(x, f.header, f.text)
	if err != nil {
		return err
	}
	_ = f.logs.File(&f.file, line) // that it is dropped is no fault (recommended)
	return nil
}
