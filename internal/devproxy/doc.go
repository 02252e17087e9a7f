// Package devproxy lets tools whose host names cannot be changed talk to this
// machine. integrationcli and apigeecli go to *.googleapis.com whatever one tells
// them, but they honour HTTPS_PROXY and SSL_CERT_FILE, as every program does that
// uses Go's default HTTP client.
//
//  1. [OpenCA] (ca.go) makes a certificate authority of its own in a folder, or reads
//     it. It can sign names below googleapis.com only, so that trusting it gives
//     nobody power over other names.
//  2. [Proxy] (proxy.go) is the HTTP proxy. It answers CONNECT, ends TLS itself with a
//     certificate for the name that was asked for, and hands the requests inside,
//     HTTP/1.1 or HTTP/2, to the handler of that name. A name without a handler is
//     refused: nothing is ever passed on to the real host.
//
// Libraries for intercepting proxies (goproxy, martian) exist to forward and to
// change traffic; what is needed here is the part that they share with net/http.
package devproxy
