package cases

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"strings"

	"sluice/flow"
	"sluice/proxy"
)

// places tells where the flows, steps, routes and rules of bundles stand, as
// FILE:LINE. A deployment keeps no positions, because a request needs none; so
// the files are walked once more, and only their structure is looked at.
type places map[spot][]string

// container is what steps lie in: a side of a flow, a fault rule, a shared flow.
type container struct {
	bundle   string // name of the proxy or shared flow
	endpoint string // "ProxyEndpoint default"; "SharedFlow" for the steps of a shared flow
	part     string // "flow NAME request", "rule NAME"; "" for the endpoint itself
}

// spot is an element in a container; without a name it is the container itself.
type spot struct {
	container
	name string
}

func (p places) first(s spot) string {
	if list := p[s]; len(list) > 0 {
		return list[0]
	}
	return ""
}

// step is the place of the n-th step of that name in a container.
func (p places) step(c container, name string, n int) string {
	list := p[spot{c, name}]
	if n < len(list) {
		return list[n]
	}
	return p.first(spot{c, name})
}

// endpoint is the place of the endpoint whose flows run now.
func (p places) endpoint(x *flow.Exchange) string {
	return p.first(spot{container: container{x.Proxy.Name, endpointOf(x), ""}})
}

func (p places) flow(x *flow.Exchange, name string) string {
	c := flowContainer(x, name)
	c.part = "flow " + name
	return p.first(spot{container: c})
}

func (p places) route(x *flow.Exchange, name string) string {
	return p.first(spot{container: container{x.Proxy.Name, proxyEndpoint(x), "route " + name}})
}

func (p places) rule(x *flow.Exchange, name string) string {
	return p.first(spot{container: p.ruleContainer(x, name)})
}

// ruleContainer is the rule of the endpoint in whose segment the fault arose; an
// endpoint without rules may have left it to the ProxyEndpoint.
func (p places) ruleContainer(x *flow.Exchange, name string) container {
	c := container{x.Proxy.Name, endpointOf(x), "rule " + name}
	if len(p[spot{container: c}]) == 0 {
		c.endpoint = proxyEndpoint(x)
	}
	return c
}

func flowContainer(x *flow.Exchange, name string) container {
	side := " response"
	if x.Phase <= flow.TargetRequest {
		side = " request"
	}
	return container{x.Proxy.Name, endpointOf(x), "flow " + name + side}
}

func sharedContainer(name string) container { return container{name, "SharedFlow", ""} }

func proxyEndpoint(x *flow.Exchange) string { return "ProxyEndpoint " + x.Proxy.Endpoint }

// endpointOf is the endpoint whose flows run now.
func endpointOf(x *flow.Exchange) string {
	if x.Phase == flow.TargetRequest || x.Phase == flow.TargetResponse {
		return "TargetEndpoint " + x.Target.Name
	}
	return proxyEndpoint(x)
}

// findPlaces walks the files of bundles. Files that are no XML are passed over:
// such a bundle is refused anyway.
func findPlaces(bundles []*proxy.Bundle) places {
	p := places{}
	for _, b := range bundles {
		name := bundleName(b)
		for file, data := range b.Files {
			if dir := path.Dir(file); dir == "proxies" || dir == "targets" || dir == "sharedflows" {
				w := walker{places: p, bundle: name, file: path.Join(filepath.ToSlash(b.Path), file)}
				w.walk(data)
			}
		}
	}
	return p
}

// bundleName is the name in the root descriptor, or that of the folder.
func bundleName(b *proxy.Bundle) string {
	for file, data := range b.Files {
		if path.Dir(file) != "." || path.Ext(file) != ".xml" {
			continue
		}
		if start, ok := root(data); ok && attribute(start, "name") != "" {
			return attribute(start, "name")
		}
	}
	return b.Name
}

func root(data []byte) (xml.StartElement, bool) {
	d := decoder(data)
	for {
		token, err := d.Token()
		if err != nil {
			return xml.StartElement{}, false
		}
		if start, ok := token.(xml.StartElement); ok {
			return start, true
		}
	}
}

// decoder reads files of any charset as they are: only the names count here, and
// one that is not ASCII has no place at worst.
func decoder(data []byte) *xml.Decoder {
	d := xml.NewDecoder(bytes.NewReader(data))
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	return d
}

func attribute(el xml.StartElement, name string) string {
	for _, a := range el.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// walker goes through one file.
type walker struct {
	places places
	bundle string
	file   string

	at    container
	flow  string   // the part of the flow around, without its side
	stack []string // names of the elements around
	step  string   // place of the step around
}

func (w *walker) walk(data []byte) {
	d := decoder(data)
	for {
		line, _ := d.InputPos()
		token, err := d.Token()
		if err != nil {
			return
		}
		switch t := token.(type) {
		case xml.StartElement:
			w.start(t, fmt.Sprintf("%s:%d", w.file, line))
			w.stack = append(w.stack, t.Name.Local)
		case xml.CharData:
			w.text(string(t))
		case xml.EndElement:
			w.stack = w.stack[:len(w.stack)-1]
		}
	}
}

func (w *walker) start(el xml.StartElement, place string) {
	tag := el.Name.Local
	switch {
	case len(w.stack) == 0:
		w.at = container{bundle: w.bundle, endpoint: tag + " " + attribute(el, "name")}
		if tag == "SharedFlow" {
			w.at = sharedContainer(w.bundle)
		}
		w.enter("", place)
	case tag == "Step":
		w.step = place
	case tag == "Request" || tag == "Response":
		w.at.part = w.flow + " " + strings.ToLower(tag)
	case tag == "Flow":
		w.enter("flow "+attribute(el, "name"), place)
		w.flow = w.at.part
	case len(w.stack) == 1 && strings.HasSuffix(tag, "Flow"): // PreFlow, PostFlow, PostClientFlow, EventFlow
		w.enter("flow "+tag, place)
		w.flow = w.at.part
	case tag == "FaultRule" || tag == "DefaultFaultRule":
		name := attribute(el, "name")
		if name == "" {
			name = tag
		}
		w.enter("rule "+name, place)
	case tag == "RouteRule":
		w.enter("route "+attribute(el, "name"), place)
	}
}

func (w *walker) enter(part, place string) {
	w.at.part = part
	s := spot{container: w.at}
	w.places[s] = append(w.places[s], place)
}

// text takes the name of a step.
func (w *walker) text(text string) {
	n := len(w.stack)
	if name := strings.TrimSpace(text); name != "" && n > 1 && w.stack[n-1] == "Name" && w.stack[n-2] == "Step" {
		s := spot{w.at, name}
		w.places[s] = append(w.places[s], w.step)
	}
}
