package tasks

import (
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// copyField copies the field at path, like rate_limits.max_burst_size, also when it is unset.
// Package fieldmaskpb has masks but nothing that applies them.
func copyField(to, from protoreflect.Message, path string) error {
	name, rest, nested := strings.Cut(path, ".")
	field := from.Descriptor().Fields().ByName(protoreflect.Name(name))
	if field == nil {
		return invalid("Invalid field in update_mask: %.200q", path)
	}
	if nested {
		if field.Message() == nil || field.IsList() || field.IsMap() {
			return invalid("Invalid field in update_mask: %.200q", path)
		}
		if !from.Has(field) && !to.Has(field) {
			return nil
		}
		return copyField(to.Mutable(field).Message(), from.Get(field).Message(), rest)
	}
	if from.Has(field) {
		to.Set(field, from.Get(field))
	} else {
		to.Clear(field)
	}
	return nil
}
