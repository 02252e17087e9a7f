package faults

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"unicode/utf8"
)

// escapeSlash writes '/' as \/ in JSON bodies, as observed on Apigee
// (reference/runtime.md 7.5). Set it to false for plain JSON.
const escapeSlash = true

// Body is the default reply, of type application/json:
//
//	{"fault":{"faultstring":"...","detail":{"errorcode":"...","reason":"..."}}}
//
// "reason" is present when Detail is set.
func (f *Fault) Body() []byte {
	code := f.Code()
	body := make([]byte, 0, 64+len(f.Reason)+len(code)+len(f.Detail)+16)
	body = append(body, `{"fault":{"faultstring":"`...)
	body = appendEscaped(body, f.Reason)
	body = append(body, `","detail":{"errorcode":"`...)
	body = appendEscaped(body, code)
	if f.Detail != "" {
		body = append(body, `","reason":"`...)
		body = appendEscaped(body, f.Detail)
	}
	return append(body, `"}}}`...)
}

// XMLBody is the default reply as old Apigee Edge wrote it (one sample of about
// 2013, reference/runtime.md 7.5): application/xml, without Detail.
func (f *Fault) XMLBody() []byte {
	var body bytes.Buffer
	body.WriteString(`<?xml version='1.0' encoding='UTF-8'?><fault><faultstring>`)
	xml.EscapeText(&body, []byte(f.Reason)) // a bytes.Buffer never fails
	body.WriteString(`</faultstring><detail><errorcode>`)
	xml.EscapeText(&body, []byte(f.Code()))
	body.WriteString(`</errorcode></detail></fault>`)
	return body.Bytes()
}

// ResponseBody is the JSON that OAuthV2 sends in place of Body when
// GenerateResponse is on, placeholders filled; nil when the fault has none.
func (f *Fault) ResponseBody() []byte {
	if f.Def.ResponseBody == "" {
		return nil
	}
	return []byte(expand(f.Def.ResponseBody, func(name string, nth int) (string, bool) {
		value, ok := f.value(name, nth)
		return string(appendEscaped(nil, value)), ok
	}))
}

// appendEscaped appends s as the inside of a JSON string, escaped as the Java
// writer does whose bodies were observed: '/' too, and control characters as
// \u00XX. encoding/json has no such option. Invalid UTF-8 becomes U+FFFD.
func appendEscaped(dst []byte, s string) []byte {
	for _, r := range s {
		dst = appendRune(dst, r)
	}
	return dst
}

func appendRune(dst []byte, r rune) []byte {
	switch r {
	case '"', '\\':
		return append(dst, '\\', byte(r))
	case '/':
		if escapeSlash {
			dst = append(dst, '\\')
		}
		return append(dst, '/')
	case '\b':
		return append(dst, `\b`...)
	case '\f':
		return append(dst, `\f`...)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	}
	if javaEscapes(r) {
		return fmt.Appendf(dst, `\u%04X`, r)
	}
	return utf8.AppendRune(dst, r)
}

// javaEscapes tells the characters that json-simple, the library recalled to be
// behind the observed bodies, writes as \uXXXX.
func javaEscapes(r rune) bool {
	return r < 0x20 || 0x7f <= r && r <= 0x9f || 0x2000 <= r && r <= 0x20ff
}
