package tasks

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
)

// route is a rule of google.api.http: a verb, a path whose variables are fields of the request, and
// where the body goes.
type route struct {
	verb    string
	path    *regexp.Regexp
	fields  []string // of the request, one for each group of path
	body    string   // field, "*" for the request itself, "" for none
	handler grpc.MethodHandler
	server  any
}

// routesOf reads the routes of a service from its descriptor.
func routesOf(file protoreflect.FileDescriptor, service *grpc.ServiceDesc, server any) []route {
	var routes []route
	methods := file.Services().Get(0).Methods()
	for i := range methods.Len() {
		m := methods.Get(i)
		rule, _ := proto.GetExtension(m.Options(), annotations.E_Http).(*annotations.HttpRule)
		verb, template := pattern(rule)
		if handler := handlerOf(service, string(m.Name())); handler != nil && template != "" {
			routes = append(routes, newRoute(verb, template, rule.Body, handler, server))
		}
	}
	return routes
}

func pattern(rule *annotations.HttpRule) (verb, template string) {
	switch {
	case rule.GetGet() != "":
		return http.MethodGet, rule.GetGet()
	case rule.GetPost() != "":
		return http.MethodPost, rule.GetPost()
	case rule.GetPatch() != "":
		return http.MethodPatch, rule.GetPatch()
	case rule.GetPut() != "":
		return http.MethodPut, rule.GetPut()
	}
	return http.MethodDelete, rule.GetDelete()
}

func handlerOf(service *grpc.ServiceDesc, method string) grpc.MethodHandler {
	for _, m := range service.Methods {
		if m.MethodName == method {
			return m.Handler
		}
	}
	return nil
}

var variable = regexp.MustCompile(`\{([a-z_.]+)=([^}]*)\}`)

// newRoute compiles a template like /v2/{name=projects/*/locations/*/queues/*}:purge.
func newRoute(verb, template, body string, handler grpc.MethodHandler, server any) route {
	r := route{verb: verb, body: body, handler: handler, server: server}
	var form strings.Builder
	form.WriteString("^")
	rest := template
	for _, v := range variable.FindAllStringSubmatchIndex(template, -1) {
		before, _, _ := strings.Cut(rest, "{")
		form.WriteString(regexp.QuoteMeta(before))
		r.fields = append(r.fields, template[v[2]:v[3]])
		form.WriteString("(" + strings.ReplaceAll(template[v[4]:v[5]], "*", "[^/]+") + ")")
		rest = template[v[1]:]
	}
	form.WriteString(regexp.QuoteMeta(rest) + "$")
	// A verb after the last part belongs to another route; a project may have colons in its id.
	text := form.String()
	if strings.HasSuffix(text, "/[^/]+)$") {
		text = strings.TrimSuffix(text, "[^/]+)$") + "[^/:]+)$"
	}
	r.path = regexp.MustCompile(text)
	return r
}

// call makes a gRPC call of an HTTP request.
func (r *route) call(request *http.Request, values []string) (proto.Message, error) {
	decode := func(v any) error { return r.fill(v.(proto.Message).ProtoReflect(), request, values) }
	answer, err := r.handler(r.server, request.Context(), decode, nil)
	if err != nil {
		return nil, err
	}
	return answer.(proto.Message), nil
}

// fill fills a message: from the body, then the query, then the path, which has the last word.
func (r *route) fill(m protoreflect.Message, request *http.Request, values []string) error {
	if err := r.fillBody(m, request); err != nil {
		return err
	}
	for name, given := range query(request) {
		if isSystemParameter(name) {
			continue
		}
		if err := setField(m, name, given[len(given)-1]); err != nil {
			return err
		}
	}
	for i, field := range r.fields {
		if err := setField(m, field, values[i]); err != nil {
			return err
		}
	}
	return nil
}

func (r *route) fillBody(m protoreflect.Message, request *http.Request) error {
	if r.body == "" {
		return nil
	}
	text, err := readBody(request)
	if err != nil || len(text) == 0 {
		return err
	}
	if r.body != "*" {
		m = m.Mutable(m.Descriptor().Fields().ByName(protoreflect.Name(r.body))).Message()
	}
	// Unknown fields are those of versions that are newer than ours.
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(text, m.Interface()); err != nil {
		return invalid("Invalid JSON payload received. %s", strings.TrimPrefix(err.Error(), "proto: "))
	}
	return nil
}

// isSystemParameter tells whether a query parameter is one that all APIs of Google take
// (https://cloud.google.com/apis/docs/system-parameters).
func isSystemParameter(name string) bool {
	switch name {
	case "alt", "key", "fields", "prettyPrint", "quotaUser", "userIp", "callback", "access_token", "oauth_token", "uploadType", "upload_protocol", "userProject":
		return true
	}
	return strings.HasPrefix(name, "$")
}

// setField sets a field from text. path names it as the proto file does or as JSON does.
func setField(m protoreflect.Message, path, text string) error {
	name, rest, nested := strings.Cut(path, ".")
	fields := m.Descriptor().Fields()
	field := fields.ByName(protoreflect.Name(name))
	if field == nil {
		field = fields.ByJSONName(name)
	}
	if field == nil || field.IsList() || field.IsMap() || nested && field.Message() == nil {
		return invalid(`Invalid JSON payload received. Unknown name "%.100s": Cannot bind query parameter.`, path)
	}
	if nested {
		return setField(m.Mutable(field).Message(), rest, text)
	}
	value, err := parseValue(field, text)
	if err != nil {
		return invalid("Invalid value at '%.100s': %.200q: %s", path, text, err)
	}
	m.Set(field, value)
	return nil
}

// parseValue reads the kinds that occur in paths and queries of the API.
func parseValue(field protoreflect.FieldDescriptor, text string) (protoreflect.Value, error) {
	switch field.Kind() {
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(text), nil
	case protoreflect.Int32Kind:
		n, err := strconv.ParseInt(text, 10, 32)
		return protoreflect.ValueOfInt32(int32(n)), err
	case protoreflect.EnumKind:
		return parseEnum(field.Enum(), text)
	case protoreflect.MessageKind:
		mask := &fieldmaskpb.FieldMask{}
		if field.Message().FullName() == mask.ProtoReflect().Descriptor().FullName() {
			mask.Paths = maskPaths(text)
			return protoreflect.ValueOfMessage(mask.ProtoReflect()), nil
		}
	}
	return protoreflect.Value{}, fmt.Errorf("a %s cannot be given here", field.Kind())
}

// maskPaths reads a field mask as the proto file names the fields. In JSON that is rateLimits, and
// protojson takes nothing else; Google's client for Node (google-gax 5) sends rate_limits, so Google
// must take both. Whether there are such fields is for the method to say.
func maskPaths(text string) []string {
	if text == "" {
		return nil
	}
	snake := upper.ReplaceAllStringFunc(text, func(letter string) string { return "_" + strings.ToLower(letter) })
	return strings.Split(snake, ",")
}

var upper = regexp.MustCompile(`[A-Z]`)

func parseEnum(enum protoreflect.EnumDescriptor, text string) (protoreflect.Value, error) {
	if v := enum.Values().ByName(protoreflect.Name(text)); v != nil {
		return protoreflect.ValueOfEnum(v.Number()), nil
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return protoreflect.Value{}, fmt.Errorf("no such value of %s", enum.Name())
	}
	return protoreflect.ValueOfEnum(protoreflect.EnumNumber(n)), nil
}
