package proxy

import "sluice/flow"

// revisions warns of each proxy of which another revision is served already: an
// environment of Apigee has one revision of a proxy.
func revisions(deployments []*Deployment) flow.Problems {
	var problems flow.Problems
	first := map[string]*Deployment{}
	for _, d := range deployments {
		other := first[d.Name]
		if other == nil {
			first[d.Name] = d
			continue
		}
		p := refused(d.Name, d.Path, "SeveralRevisions",
			"API proxy "+quoted(d.Name)+" is served from "+other.Path+" too; in Apigee an environment has one revision of a proxy",
			"serve only one of the two, or give one of them another name")
		p.Severity = flow.Warning.String()
		problems = append(problems, p)
	}
	return problems
}
