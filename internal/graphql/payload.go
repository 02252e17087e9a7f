package graphql

import "github.com/go-json-experiment/json"

// Query returns the member "query" of a JSON object, which other members may accompany.
// The error tells nothing of what the payload holds.
//
// encoding/json would also take a member "Query", and the last of two: then the backend
// might run another request than the one that was looked at.
func Query(payload []byte) (string, error) {
	var request struct {
		Query *string `json:"query"`
	}
	if err := json.Unmarshal(payload, &request); err != nil || request.Query == nil {
		return "", &Error{Text: `not a JSON object with one text "query"`}
	}
	return *request.Query, nil
}
