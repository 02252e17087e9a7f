package appint

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"sluice/internal/integrations"
)

const (
	defaultPage = 50
	maxPage     = 1000
)

// listed is one page of items that pass the parameters filter, orderBy, pageSize and pageToken.
// value returns a field of an item as text; fields are the names that filter and orderBy may use.
func listed[T any](q *request, items []T, value func(T, string) string, fields ...string) (part []T, next string, err error) {
	f, err := readFilter(q.parameter("filter"), fields...)
	if err != nil {
		return nil, "", err
	}
	items = slices.DeleteFunc(items, func(item T) bool {
		return !f.holds(func(name string) string { return value(item, name) })
	})
	if err := sorted(items, q.parameter("orderBy"), value, fields); err != nil {
		return nil, "", err
	}
	return page(q, items)
}

// sorted sorts by an orderBy such as "snapshot_number desc, create_time".
func sorted[T any](items []T, orderBy string, value func(T, string) string, fields []string) error {
	type key struct {
		field string
		sign  int
	}
	var keys []key
	for _, part := range strings.Split(orderBy, ",") {
		words := strings.Fields(part)
		if len(words) == 0 {
			continue
		}
		k := key{integrations.CamelCase(words[0]), 1}
		descends := len(words) == 2 && strings.EqualFold(words[1], "desc")
		if descends {
			k.sign = -1
		}
		ascends := len(words) == 1 || len(words) == 2 && strings.EqualFold(words[1], "asc")
		if !slices.Contains(fields, k.field) || !ascends && !descends {
			return invalid("Invalid orderBy %q: write a field, then desc or nothing. Fields are %s.", orderBy, strings.Join(fields, ", "))
		}
		keys = append(keys, k)
	}
	slices.SortStableFunc(items, func(a, b T) int {
		for _, k := range keys {
			if c := compare(value(a, k.field), value(b, k.field)); c != 0 {
				return c * k.sign
			}
		}
		return 0
	})
	return nil
}

// page is the part of items that pageToken and pageSize ask for. A token is the number of items
// before the page: what is new in between shifts it.
func page[T any](q *request, items []T) (part []T, next string, err error) {
	size := defaultPage
	if text := q.parameter("pageSize"); text != "" {
		if size, err = strconv.Atoi(text); err != nil || size < 0 {
			return nil, "", invalid("pageSize %q is not a number from 0 to %d.", text, maxPage)
		}
		if size == 0 {
			size = defaultPage
		}
	}
	from, err := readToken(q.parameter("pageToken"))
	if err != nil {
		return nil, "", err
	}
	items = items[min(from, len(items)):]
	size = min(size, maxPage)
	if len(items) <= size {
		return items, "", nil
	}
	return items[:size], base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(from + size))), nil
}

func readToken(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		var n int
		if n, err = strconv.Atoi(string(data)); err == nil && n >= 0 {
			return n, nil
		}
	}
	return 0, invalid("pageToken %q is not one that a list has returned.", text)
}
