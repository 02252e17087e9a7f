package entity

import "slices"

// MatchModel finds what the product says of asking a model through a proxy. named
// tells whether its llmOperationGroup names models at all: a product that names none
// leaves the choice to the proxy. Then ok tells whether the model is one of them, and
// config is where; an operation without a model stands for all (inferred).
func (p *Product) MatchModel(proxy, model string) (config *OperationConfig, named, ok bool) {
	if p.LLMGroup == nil {
		return nil, false, false
	}
	for i := range p.LLMGroup.Configs {
		c := &p.LLMGroup.Configs[i]
		named = named || c.names(func(o Operation) bool { return o.Model != "" })
		if config == nil && c.APISource == proxy && c.names(func(o Operation) bool { return o.Model == "" || o.Model == model }) {
			config = c
		}
	}
	return config, named, named && config != nil
}

func (c *OperationConfig) names(what func(Operation) bool) bool {
	return slices.ContainsFunc(c.LLMOperations, what) || slices.ContainsFunc(c.Operations, what)
}
