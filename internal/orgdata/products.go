package orgdata

import "sluice/internal/entity"

// readProducts reads API products as the management API writes them.
func (r *reader) readProducts(d *document) {
	list(r, d, func(at place, p *entity.Product) {
		if p.Name == "" {
			r.fail(at, `the product has no name: add "name"`)
			return
		}
		if other, twice := r.products[p.Name]; twice {
			r.fail(at, "product %q is also in %s, %s: remove one", p.Name, other.file, other)
			return
		}
		r.products[p.Name] = at
		r.data.Products = append(r.data.Products, p)
	})
}
