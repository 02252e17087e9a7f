package tasks

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"google.golang.org/grpc"

	pb "cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	betapb "cloud.google.com/go/cloudtasks/apiv2beta3/cloudtaskspb"
)

// REST returns the API over HTTP with JSON, v2 and v2beta3, and with it tasks:buffer, which gRPC
// does not have, and the discovery document and keys of our token issuer.
//
// The routes are those that the published service descriptors carry (google.api.http), so they
// are Google's. Each makes a gRPC request of the path, the query and the body, and hands it to the
// gRPC handler; connectrpc.com/vanguard does the same, with a gateway for four protocols around it.
func (s *Service) REST() http.Handler {
	r := &rest{service: s}
	b := &beta{service: s}
	r.routes = append(r.routes, routesOf(pb.File_google_cloud_tasks_v2_cloudtasks_proto, &pb.CloudTasks_ServiceDesc, s)...)
	r.routes = append(r.routes, routesOf(betapb.File_google_cloud_tasks_v2beta3_cloudtasks_proto, &betapb.CloudTasks_ServiceDesc, b)...)
	for _, version := range []string{"/v2", "/v2beta3"} {
		r.get(version+"/{name=projects/*/locations/*/operations/*}", unary((&operations{service: s}).GetOperation))
		r.get(version+"/{name=projects/*}/locations", unary(locations{}.ListLocations))
		r.get(version+"/{name=projects/*/locations/*}", unary(locations{}.GetLocation))
	}
	return r
}

type rest struct {
	service *Service
	routes  []route
}

// get adds a method that only reads.
func (r *rest) get(template string, handler grpc.MethodHandler) {
	r.routes = append(r.routes, newRoute(http.MethodGet, template, "", handler, nil))
}

// unary makes a handler of a method, as generated code does.
func unary[Q, A any](call func(context.Context, *Q) (A, error)) grpc.MethodHandler {
	return func(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		q := new(Q)
		if err := decode(q); err != nil {
			return nil, err
		}
		return call(ctx, q)
	}
}

// ServeHTTP is part of http.Handler.
func (r *rest) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if r.service.issuer.serve(w, request) {
		return
	}
	answer, err := r.call(w, request)
	if err != nil {
		writeError(w, err)
		return
	}
	text, err := protojson.MarshalOptions{UseEnumNumbers: wantsNumbers(request)}.Marshal(answer)
	if err != nil {
		writeError(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	_, _ = w.Write(text) // a client that went away is not our error
}

// wantsNumbers tells whether enums are to be numbers, as Google's own clients ask for with
// $alt=json;enum-encoding=int.
func wantsNumbers(r *http.Request) bool {
	return strings.Contains(query(r).Get("$alt"), "enum-encoding=int")
}

// query returns the query, in which a semicolon is a character like others: net/url drops what has
// one, and some clients send that $alt as it is.
func query(r *http.Request) url.Values {
	values, _ := url.ParseQuery(strings.ReplaceAll(r.URL.RawQuery, ";", "%3B"))
	return values
}

func (r *rest) call(w http.ResponseWriter, request *http.Request) (proto.Message, error) {
	request.Body = http.MaxBytesReader(w, request.Body, MaxRequest)
	if found := bufferPath.FindStringSubmatch(request.URL.Path); found != nil {
		return r.service.buffer(request, found[1], found[2])
	}
	known := false
	for _, route := range r.routes {
		values := route.path.FindStringSubmatch(request.URL.Path)
		if values == nil {
			continue
		}
		known = true
		if route.verb == request.Method {
			return route.call(request, values[1:])
		}
	}
	if known {
		return nil, &httpError{http.StatusMethodNotAllowed, "The method " + request.Method + " is not allowed for this resource."}
	}
	return nil, &httpError{http.StatusNotFound, "The requested URL was not found on this server: the API is at /v2/projects/... and /v2beta3/projects/..."}
}

// httpError is an answer that has no code of gRPC.
type httpError struct {
	status  int
	message string
}

func (e *httpError) Error() string { return e.message }

// httpStatus is how HTTP says google.rpc.Code (google/rpc/code.proto).
var httpStatus = map[codes.Code]int{
	codes.Canceled: 499, codes.InvalidArgument: 400, codes.DeadlineExceeded: 504, codes.NotFound: 404, codes.AlreadyExists: 409,
	codes.PermissionDenied: 403, codes.ResourceExhausted: 429, codes.FailedPrecondition: 400, codes.Aborted: 409, codes.OutOfRange: 400,
	codes.Unimplemented: 501, codes.Unavailable: 503, codes.Unauthenticated: 401,
}

// writeError writes an error as Google's APIs do.
func writeError(w http.ResponseWriter, err error) {
	code, name, message := http.StatusInternalServerError, "INTERNAL", err.Error()
	var plain *httpError
	if errors.As(err, &plain) {
		code, name = plain.status, map[int]string{404: "NOT_FOUND", 405: "UNIMPLEMENTED"}[plain.status]
	} else if st, ok := status.FromError(err); ok {
		code, name, message = first(httpStatus[st.Code()], 500), codeName(st.Code()), st.Message()
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(code)
	writeJSON(w, map[string]any{"error": map[string]any{"code": code, "message": message, "status": name}})
}

// readBody reads the body of a request.
func readBody(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(r.Body)
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, invalid("Request payload size exceeds the limit: %d bytes.", MaxRequest)
	case err != nil:
		return nil, status.FromContextError(context.Cause(r.Context())).Err()
	}
	return body, nil
}
