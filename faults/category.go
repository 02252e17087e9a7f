package faults

// Apigee's fault taxonomy, as far as it is documented (reference/runtime.md
// 7.7): the names are conceptual, and which code belongs where is our reading.
type category struct{ name, sub string }

var (
	classification     = category{"Messaging", "Classification"}
	routing            = category{"Messaging", "Routing"}
	responseCodes      = category{"Messaging", "Response codes"}
	connectivity       = category{"Transport", "Connectivity"}
	transportIO        = category{"Transport", "IO"}
	requestValidation  = category{"Transport", "Request validations"}
	responseValidation = category{"Transport", "Response validations"}
)

// runtimeCategories holds the runtime's faults by name. What is missing here is
// of the category System.
var runtimeCategories = map[string]category{
	"ApplicationNotFound":            classification,
	"RouteFailed":                    routing,
	"TargetMissing":                  routing,
	"ErrorResponseCode":              responseCodes,
	"ServiceUnavailable":             connectivity,
	"NoActiveTargets":                connectivity,
	"NoResolvedHost":                 connectivity,
	"ProxyTunnelCreationFailed":      connectivity,
	"GatewayTimeout":                 transportIO,
	"RequestTimeOut":                 transportIO,
	"SslHandshakeFailed":             transportIO,
	"UnexpectedEOFAtTarget":          transportIO,
	"LengthRequired":                 requestValidation,
	"DecompressionFailureAtRequest":  requestValidation,
	"TooBigBody":                     requestValidation,
	"TooBigHeaders":                  requestValidation,
	"TooBigLine":                     requestValidation,
	"DuplicateHeader":                requestValidation,
	"UnsupportedEncoding":            requestValidation,
	"HeaderNameWithNonAsciiChar":     requestValidation,
	"HeaderWithInvalidChar":          requestValidation,
	"InvalidMessage":                 requestValidation,
	"BadFormData":                    requestValidation,
	"BadPath":                        requestValidation,
	"EmptyPath":                      requestValidation,
	"BadGateway":                     responseValidation,
	"DecompressionFailureAtResponse": responseValidation,
	"Response405WithoutAllowHeader":  responseValidation,
	"Response306Reserved":            responseValidation,
}

// category returns fault.category and fault.subcategory.
func (d *Def) category() (name, sub string) {
	if d.Element != ElementRuntime {
		return "Policy", ""
	}
	c, ok := runtimeCategories[d.Name]
	switch {
	case !ok:
		return "System", ""
	case d.Variant == "response":
		return responseValidation.name, responseValidation.sub
	}
	return c.name, c.sub
}
