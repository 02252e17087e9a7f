package script

import (
	"crypto/md5"  //nolint:gosec // crypto.getMD5 of the object model
	"crypto/sha1" //nolint:gosec // crypto.getSHA1 of the object model
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"strings"
	"time"

	"github.com/dop251/goja"
)

var (
	cryptoNames = []string{"getSHA1", "getSHA256", "getSHA512", "getMD5", "getHash", "dateFormat"}
	hashes      = map[string]func() hash.Hash{
		"getSHA1": sha1.New, "SHA-1": sha1.New, "getMD5": md5.New, "MD5": md5.New,
		"getSHA256": sha256.New, "SHA-256": sha256.New, "getSHA512": sha512.New, "SHA-512": sha512.New,
	}
)

// crypto is the object of that name: hashes, and the formatting of times.
func (r *run) crypto() goja.Value {
	return r.vm.NewDynamicObject(&host{names: cryptoNames, property: func(name string) (goja.Value, bool) {
		switch name {
		case "getSHA1", "getSHA256", "getSHA512", "getMD5":
			return r.method(func(goja.FunctionCall) goja.Value { return r.hash(hashes[name]()) }), true
		case "getHash":
			return r.method(r.getHash), true
		case "dateFormat":
			return r.method(r.dateFormat), true
		case "wsSecRsaSign", "wsSecRsaValidate":
			return r.method(func(goja.FunctionCall) goja.Value {
				r.throw("Error", "crypto."+name+" is not available")
				return nil
			}), true
		}
		return nil, false
	}})
}

func (r *run) getHash(call goja.FunctionCall) goja.Value {
	name := textOf(call.Argument(0))
	begin := hashes[name]
	if begin == nil || strings.HasPrefix(name, "get") {
		r.throw("Error", "no hash is called "+name)
	}
	return r.hash(begin())
}

// hash is a java.security.MessageDigest: asking for the digest starts it anew.
func (r *run) hash(h hash.Hash) goja.Value {
	sum := func(encode func([]byte) string) goja.Value {
		return r.method(func(goja.FunctionCall) goja.Value {
			text := encode(h.Sum(nil))
			h.Reset()
			return r.vm.ToValue(text)
		})
	}
	return r.vm.NewDynamicObject(&host{property: func(name string) (goja.Value, bool) {
		switch name {
		case "update":
			return r.method(func(call goja.FunctionCall) goja.Value {
				h.Write([]byte(textOf(call.Argument(0)))) // a hash.Hash never fails
				return goja.Undefined()
			}), true
		case "digest":
			return sum(hex.EncodeToString), true
		case "digest64":
			return sum(base64.StdEncoding.EncodeToString), true
		}
		return nil, false
	}})
}

// dateFormat formats a time, given in milliseconds since 1970; without it the
// present time. Its arguments are documented: format, zone (UTC), time.
func (r *run) dateFormat(call goja.FunctionCall) goja.Value {
	t := r.now()
	if v := call.Argument(2); !isNothing(v) {
		t = time.UnixMilli(v.ToInteger())
	}
	text, err := r.env.Format(textOf(call.Argument(0)), textOf(call.Argument(1)), t)
	if err != nil {
		r.throw("Error", err.Error())
	}
	return r.vm.ToValue(text)
}
