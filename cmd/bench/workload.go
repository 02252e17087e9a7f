package main

import (
	"fmt"
	"strings"
)

// workload is one exchange, repeated. Request and response are complete messages.
type workload struct {
	name     string
	title    string
	request  string
	response string
	length   int // of the response's body
}

// path is the workload's request path, which is how the upstream knows it.
func (w *workload) path() string { return "/" + w.name }

var workloads = []workload{
	newWorkload("get", "GET, 1 KB down", "GET", 0, 1024),
	newWorkload("post", "POST, 1 KB up, 1 KB down", "POST", 1024, 1024),
	newWorkload("large", "GET, 100 KB down", "GET", 0, 100*1024),
}

func newWorkload(name, title, method string, up, down int) workload {
	w := workload{name: name, title: title, length: down}
	w.request = method + " " + w.path() + " HTTP/1.1\r\nHost: api.example.com\r\nUser-Agent: bench/1\r\nAccept: */*\r\n"
	if up > 0 {
		w.request += fmt.Sprintf("Content-Type: application/json\r\nContent-Length: %d\r\n", up)
	}
	w.request += "\r\n" + document(up)
	w.response = fmt.Sprintf("HTTP/1.1 200 OK\r\nServer: upstream\r\nDate: Sat, 01 Aug 2026 00:00:00 GMT\r\n"+
		"Content-Type: application/json\r\nContent-Length: %d\r\nETag: \"bench-1\"\r\n\r\n", down) + document(down)
	return w
}

// document makes JSON of exactly that many bytes, at least 64 or none at all.
func document(length int) string {
	if length == 0 {
		return ""
	}
	const start, end = `{"id":"order-1001","status":"confirmed","note":"`, `"}`
	return start + strings.Repeat("x", length-len(start)-len(end)) + end
}
