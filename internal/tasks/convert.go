package tasks

import (
	"strings"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/anypb"
)

// convert copies what two messages have in common: fields of the same name, whose messages and
// enums may be of v2 in one and of v2beta3 in the other. What the other does not have is left out.
func convert(from, to protoreflect.Message) {
	for field, value := range from.Range {
		target := to.Descriptor().Fields().ByName(field.Name())
		switch {
		case target == nil:
		case field.Message() == target.Message(): // scalars, enums, maps and messages of one kind
			to.Set(target, value)
		case field.IsMap():
			to.Set(target, copyMap(value.Map(), to.NewField(target)))
		case field.IsList():
			for i := range value.List().Len() {
				convert(value.List().Get(i).Message(), to.Mutable(target).List().AppendMutable().Message())
			}
		default:
			convert(value.Message(), to.Mutable(target).Message())
		}
	}
}

// copyMap copies a map, whose values are of the same kind: no map of the API has others.
func copyMap(from protoreflect.Map, to protoreflect.Value) protoreflect.Value {
	for k, v := range from.Range {
		to.Map().Set(k, v)
	}
	return to
}

const (
	v2Package   = "google.cloud.tasks.v2."
	betaPackage = "google.cloud.tasks.v2beta3."
)

// convertOperation turns what an operation holds into messages of v2beta3.
func convertOperation(o *longrunningpb.Operation) (*longrunningpb.Operation, error) {
	o = proto.CloneOf(o)
	if err := convertAny(o.Metadata); err != nil {
		return nil, err
	}
	return o, convertAny(o.GetResponse())
}

func convertAny(a *anypb.Any) error {
	name, ok := strings.CutPrefix(string(a.MessageName()), v2Package)
	if !ok {
		return nil
	}
	from, err := a.UnmarshalNew()
	if err != nil {
		return err
	}
	kind, err := protoregistry.GlobalTypes.FindMessageByName(protoreflect.FullName(betaPackage + name))
	if err != nil {
		return err
	}
	to := kind.New()
	convert(from.ProtoReflect(), to)
	return a.MarshalFrom(to.Interface())
}
