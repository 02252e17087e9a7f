package entity

import "strings"

// Attribute is a custom attribute.
type Attribute struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Stamp says who made and changed an entity. Times are milliseconds since 1970,
// as text, as the management API sends them.
type Stamp struct {
	CreatedAt      Millis `json:"createdAt,omitempty"`
	CreatedBy      string `json:"createdBy,omitempty"`
	LastModifiedAt Millis `json:"lastModifiedAt,omitempty"`
	LastModifiedBy string `json:"lastModifiedBy,omitempty"`
}

// Product is an API product.
type Product struct {
	Name           string          `json:"name"`
	DisplayName    string          `json:"displayName,omitempty"`
	Description    string          `json:"description,omitempty"`
	ApprovalType   string          `json:"approvalType,omitempty"`
	Environments   []string        `json:"environments,omitempty"`
	Proxies        []string        `json:"proxies,omitempty"`
	APIResources   []string        `json:"apiResources,omitempty"`
	Scopes         []string        `json:"scopes,omitempty"`
	Quota          Text            `json:"quota,omitempty"`
	QuotaInterval  Text            `json:"quotaInterval,omitempty"`
	QuotaTimeUnit  string          `json:"quotaTimeUnit,omitempty"`
	QuotaScope     string          `json:"quotaCounterScope,omitempty"` // PROXY or OPERATION
	Attributes     []Attribute     `json:"attributes,omitempty"`
	OperationGroup *OperationGroup `json:"operationGroup,omitempty"`
	GraphQLGroup   *OperationGroup `json:"graphqlOperationGroup,omitempty"`
	LLMGroup       *OperationGroup `json:"llmOperationGroup,omitempty"`
	PayloadGroup   *OperationGroup `json:"payloadOperationGroup,omitempty"`
	LLMQuota       Text            `json:"llmQuota,omitempty"`
	LLMInterval    Text            `json:"llmQuotaInterval,omitempty"`
	LLMTimeUnit    string          `json:"llmQuotaTimeUnit,omitempty"`
	Stamp
}

// OperationGroup binds a product to operations of proxies.
type OperationGroup struct {
	ConfigType string            `json:"operationConfigType,omitempty"` // "proxy" or "remoteservice"
	Configs    []OperationConfig `json:"operationConfigs,omitempty"`
}

// OperationConfig is the operations of one proxy, with a quota of their own.
type OperationConfig struct {
	APISource  string      `json:"apiSource"`
	Operations []Operation `json:"operations,omitempty"`
	// LLMOperations are the operations in an llmOperationGroup.
	LLMOperations []Operation `json:"llmOperations,omitempty"`
	Quota         *QuotaLimit `json:"quota,omitempty"`
	LLMQuota      *QuotaLimit `json:"llmTokenQuota,omitempty"`
	Attributes    []Attribute `json:"attributes,omitempty"`
}

// Operation is a resource with the methods that may be used on it; none stands
// for all. In an llmOperationGroup it also names the model that may be asked. In a
// payloadOperationGroup it has a Name alone: what ParsePayload finds in the payload.
type Operation struct {
	Resource string   `json:"resource"`
	Methods  []string `json:"methods,omitempty"`
	Model    string   `json:"model,omitempty"`
	Name     string   `json:"operation,omitempty"`
}

// QuotaLimit is a quota of a product or of its operations.
type QuotaLimit struct {
	Limit    Text   `json:"limit,omitempty"`
	Interval Text   `json:"interval,omitempty"`
	TimeUnit string `json:"timeUnit,omitempty"`
}

// Developer owns apps.
type Developer struct {
	ID               string      `json:"developerId"`
	Email            string      `json:"email"`
	UserName         string      `json:"userName,omitempty"`
	FirstName        string      `json:"firstName,omitempty"`
	LastName         string      `json:"lastName,omitempty"`
	OrganizationName string      `json:"organizationName,omitempty"`
	Status           string      `json:"status,omitempty"` // active, inactive
	Apps             []string    `json:"apps,omitempty"`
	Attributes       []Attribute `json:"attributes,omitempty"`
	Stamp
}

// Active reports whether the developer's keys are in force. No status means yes.
func (d *Developer) Active() bool { return d.Status == "" || strings.EqualFold(d.Status, "active") }

// App is an app of a developer or of an app group.
type App struct {
	ID          string       `json:"appId"`
	Name        string       `json:"name"`
	DisplayName string       `json:"displayName,omitempty"`
	DeveloperID string       `json:"developerId,omitempty"`
	AppGroup    string       `json:"appGroup,omitempty"`
	Status      string       `json:"status,omitempty"` // approved, revoked
	AccessType  string       `json:"accessType,omitempty"`
	AppFamily   string       `json:"appFamily,omitempty"`
	CallbackURL string       `json:"callbackUrl,omitempty"`
	Scopes      []string     `json:"scopes,omitempty"`
	Products    []string     `json:"apiProducts,omitempty"` // as requested; a credential says what was granted
	Credentials []Credential `json:"credentials,omitempty"`
	Attributes  []Attribute  `json:"attributes,omitempty"`
	Stamp
}

// Approved reports whether the app's keys are in force. No status means yes.
func (a *App) Approved() bool { return approved(a.Status) }

// Credential is a consumer key of an app. The secret is kept as it is, because
// documented variables show it (verifyapikey.POLICY.client_secret).
type Credential struct {
	ConsumerKey    string       `json:"consumerKey"`
	ConsumerSecret string       `json:"consumerSecret,omitempty"`
	Status         string       `json:"status,omitempty"` // approved, revoked
	IssuedAt       Millis       `json:"issuedAt,omitempty"`
	ExpiresAt      Millis       `json:"expiresAt,omitempty"` // 0 or -1: never
	Scopes         []string     `json:"scopes,omitempty"`
	Products       []ProductRef `json:"apiProducts,omitempty"`
	Attributes     []Attribute  `json:"attributes,omitempty"`
}

// ProductRef is a product that a credential was given.
type ProductRef struct {
	Name   string `json:"apiproduct"`
	Status string `json:"status,omitempty"` // approved, pending, revoked
}

// Approved reports whether the credential may use the product. No status means
// yes.
func (r ProductRef) Approved() bool { return approved(r.Status) }

func approved(status string) bool { return status == "" || strings.EqualFold(status, "approved") }

// ValueOf returns the value of the attribute called name.
func ValueOf(list []Attribute, name string) (value string, ok bool) {
	for _, a := range list {
		if a.Name == name {
			return a.Value, true
		}
	}
	return "", false
}
