package faultlint

import "sluice/internal/spelling"

// nearest returns the name that was most likely meant, or "".
func nearest(written string, names []string) string { return spelling.Likely(written, names) }
