package faultlint

import "sluice/internal/spelling"

// nearest returns the name that was most likely meant, or "": one letter in four
// may be wrong, or one letter of a short name.
func nearest(written string, names []string) string {
	return spelling.Nearest(written, names, max(len(spelling.Plain(written))/4, 1))
}
