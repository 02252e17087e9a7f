// Package mock stands in for the backends that Apigee samples call, so that a sample runs with no network.
//
// [Handler] looks at the Host header and hands the request to one of three services:
//
//	mocktarget.apigee.net          Mocktarget
//	httpbin.org, www.httpbin.org   Httpbin
//	any other name                 Echo
//
// A runtime that resolves every target name to one listener serving Handler therefore needs no network at all.
// Nothing here keeps state between requests.
//
// # Mocktarget
//
//	/  /user                  text    Hello, Guest!   or, with ?user=NAME, Hello, NAME!
//	/help                     HTML    list of the resources
//	/iloveapis                HTML    <H2>I <3 APIs</H2>
//	/ip                       JSON    {"ip"}
//	/json                     JSON    {"firstName","lastName","city","state"}
//	/xml                      XML     the same four fields below <root>
//	/echo  /echo/...          JSON    {"headers","method","url","args","body"}, any method
//	/statuscode/{code}        JSON    {"status","message"}, answered with that status
//	/auth                     JSON    {"authenticated","user"}; 401 without basic credentials
//	anything else             HTML    404 Cannot GET /path
//
// # Httpbin
//
//	/get /post /put /patch /delete      the request as JSON: args, headers, origin, url and, but for /get,
//	                                    data, files, form, json
//	/anything  /anything/...            the same and method, any method
//	/headers /ip /user-agent /uuid      one member of the request each
//	/json /xml /html /robots.txt        fixed documents
//	/encoding/utf8 /forms/post /image   fixed documents (the image is always a PNG); also /image/png
//	/gzip /deflate                      the request, compressed
//	/status/{codes}                     one code, or a weighted choice: 200:3,500:1
//	/delay/{seconds}                    the request, later
//	/redirect/{n} /relative-redirect/{n} /absolute-redirect/{n}   n redirects that end at /get
//	/redirect-to?url=[&status_code=]
//	/cookies  /cookies/set?n=v  /cookies/set/{n}/{v}  /cookies/delete?n
//	/basic-auth/{user}/{passwd}  /hidden-basic-auth/{user}/{passwd}  /bearer
//	/digest-auth/{qop}/{user}/{passwd}[/{algorithm}]   MD5 (default), SHA-256, SHA-512
//	/response-headers?Name=value        those response headers, repeated as JSON
//	/base64/{value}                     the decoded value
//	/bytes/{n}[?seed=]  /stream-bytes/{n}[?seed=&chunk_size=]     n random bytes
//	/stream/{n}                         n lines of JSON
//	/drip[?numbytes=&duration=&delay=&code=]
//	/range/{n}                          n bytes that honour Range
//	/cache  /cache/{seconds}  /etag/{etag}
//
// # Echo
//
// Every method and path answers 200 with
//
//	{
//	  "method": "POST",
//	  "host": "backend.example",
//	  "path": "/a%20b",                  as on the wire
//	  "query": {"name": "value"},        repeated values joined with ", "
//	  "headers": {"Name": "value"},      canonical names, repeated values joined with ", "
//	  "body": "...",                     base64 when it is not UTF-8, and then
//	  "bodyEncoding": "base64"
//	}
//
// Two request headers change the answer:
//
//	X-Mock-Status: 503      answer with this status, 200 to 599
//	X-Mock-Delay: 150ms     wait first, at most 10 s; Go duration syntax
//
// A value that does not parse is answered 400 with {"error"}.
//
// # Bounds
//
// Request bodies end at 10 MiB (413), waits at 10 s each and with the request's context, generated bodies at
// 100 KiB, /stream at 100 lines, redirects at 20.
package mock
