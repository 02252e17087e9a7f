package integrations

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"
)

// always answers every request with one body.
func always(status int, body string) func(*http.Request, string) (int, string) {
	return func(*http.Request, string) (int, string) { return status, body }
}

var corpusCases = []corpusCase{
	{name: "filter JSON array", files: []string{"filter-json-array"}, trigger: "api_trigger/filter_orders_greater_than500_API_1",
		outputs: `{"flag_orders":[{"lineNumber":3,"productNumber":456,"unitPrice":10,"qty":1000,"taxAmount":10}]}`},
	{name: "resolve JSON", files: []string{"resolve-json"}, trigger: "api_trigger/json_structure_mapping_API_1",
		outputs: `{"output_order_json":{"order":{"ordDate":"29/5/2022","orderID":"123","btAddr":{"btAddr":"1155 Borregas Ave Sunnyvale CA 94089","btCode":"CX3H+XC Sunnyvale, California"},"stAddr":{"stAddress":"1155 Borregas Ave Sunnyvale CA 94089","stCode":"CX3H-XC Sunnyvale, California"}}}}`},
	{name: "update JSON array", files: []string{"update-json-array"}, trigger: "api_trigger/tkApplicationIntegrationSample1_API_1",
		outputs: `{"outputJsonArray":[{"prop1":"val11"},{"prop1":"val21"},{"prop1":"valUserDefined"},{"prop1":"val41"}]}`},
	{name: "concat string array", files: []string{"concat-string-array"}, trigger: "api_trigger/tkApplicationIntegrationSample2_API_1",
		outputs: `{"stringArray":["orangesAreGreatFruits","applesAreGreatFruits","bananasAreGreatFruits","mangosAreGreatFruits"]}`},
	{name: "case conversion", files: []string{"case-conversion"}, trigger: "api_trigger/test_string_case_conversion_API_1",
		vars: map[string]string{"outputStringArray": `["ONE","TWO","THREE"]`}},
	{name: "string to uppercase", files: []string{"string-to-uppercase"}, trigger: "api_trigger/test_string_case_conversion_API_1",
		vars: map[string]string{"outputStringArray": `["ONE","TWO","THREE"]`}},
	{name: "merge JSON arrays", files: []string{"merge-json-arrays"}, trigger: "api_trigger/test_string_case_conversion_API_1",
		vars: map[string]string{"outputJsonArray": `[{"name":"Abhishek","course":"Mechanical"},{"name":"Chirag","course":"Civil"},{"name":"Sachin","course":"Medical"},{"name":"Vivek","course":"Software"},{"name":"Shubham","course":"IT"},{"name":"Dravid","course":"Mechanical"}]`}},
	{name: "remove JSON property", files: []string{"remove-json-property"}, trigger: "api_trigger/test_string_case_conversion_API_1",
		vars: map[string]string{"outputJsonArray": `{"students":[{"name":"Abhishek"},{"name":"Chirag"},{"name":"Sachin"},{"name":"Vivek"}]}`}},

	{name: "call REST API", files: []string{"call-rest-api"}, trigger: "api_trigger/CallRestEndpointDemo_API_1",
		answer:   always(200, `{"firstName":"john", "city":"San Jose"}`),
		outputs:  `{"OutputJson":{"firstName":"john","city":"San Jose"}}`,
		requests: []string{"GET mocktarget.apigee.net/json"}},
	{name: "sample of the toolkit", files: []string{"GoogleCloudPlatform-sample"}, trigger: "api_trigger/sample_API_1",
		answer:   func(r *http.Request, _ string) (int, string) { return 200, r.Header.Get("Custom-Header") },
		vars:     map[string]string{"full-custom-header": `"test-hello-world"`, "`Task_2_responseBody`": `"test-hello-world"`, "`Task_2_responseStatus`": `"200 OK"`},
		requests: []string{"GET httpbin.org/headers"}},
	{name: "internal", files: []string{"internal"}, trigger: "api_trigger/sample_API_1", answer: always(200, `{"origin":"1.2.3.4"}`),
		vars: map[string]string{"`Task_1_responseBody`": `"{\"origin\":\"1.2.3.4\"}"`}, requests: []string{"GET httpbin.org/get"}},
	{name: "without persistence", files: []string{"sample"}, trigger: "api_trigger/sample_API_1",
		vars: map[string]string{"`Task_1_responseBody`": ""}, tasks: "1 SUCCEED", requests: []string{"GET httpbin.org/get"}},
	{name: "pubsub", files: []string{"pubsub"}, trigger: "cloud_pubsub_external_trigger/projects/cloud-crm-eventbus-cpsexternal/subscriptions/myproject_mytopic",
		tasks: "1 SUCCEED", requests: []string{"GET httpbin.org/get"}},
	{name: "pubsub, external", files: []string{"pubsub_external"}, trigger: "cloud_pubsub_external_trigger/projects/cloud-crm-eventbus-cpsexternal/subscriptions/nandanks-151422_mytopic",
		tasks: "1 SUCCEED", requests: []string{"GET httpbin.org/get"}},
	{name: "webhook", files: []string{"webhook-test"}, trigger: "integration_connector_trigger/projects/my-project/locations/us-west1/connections/webhook/eventSubscriptions/webhook-test.event-type-field",
		tasks: "1 SUCCEED", requests: []string{"GET httpbin.org/ip"}},
	{name: "cloud function", files: []string{"cloudfunctions"}, trigger: "api_trigger/cloudfunctions_API_1",
		answer:   always(200, `{"eventParameters":{"parameters":[{"key":"out","value":{"stringValue":"from the function"}}]}}`),
		outputs:  `{"out":"from the function"}`,
		tasks:    "1 SUCCEED",
		requests: []string{`POST us-west2-myproject.cloudfunctions.net/helloWorld {"executionId":"id-1","integrationName":"cloudfunctions","eventParameters":{"parameters":[{"key":"out","value":{"stringValue":""}}]}}`}},

	{name: "status based retry", files: []string{"status-based-retry-main", "status-based-retry-sub"}, trigger: "api_trigger/status-based-retry-main_API_1",
		answer: always(400, ""), tasks: "1 SUCCEED 3 SUCCEED 2 SKIPPED",
		vars:     map[string]string{"retryCounter": "2", "responseCode": "400"},
		requests: []string{"GET httpbin.org/status/400", "GET httpbin.org/status/400"}},
	{name: "status based retry, success", files: []string{"status-based-retry-main", "status-based-retry-sub"}, trigger: "api_trigger/status-based-retry-main_API_1",
		answer: always(201, ""), tasks: "1 SUCCEED 2 SUCCEED 3 SKIPPED",
		vars:     map[string]string{"retryCounter": "1", "responseCode": "201"},
		requests: []string{"GET httpbin.org/status/400"}},

	{name: "for each, send mail", files: []string{"foreach-loop-send-email", "foreach-loop-send-email-sub=SubIntegrationSendEmailDemo"}, trigger: "api_trigger/ForEachLoopDemo_API_1",
		inputs: `{"Recipients":{"stringValue":"a@example.com, b@example.com"},"Email_Subject":{"stringValue":"News"}}`,
		mails: []string{`a@example.com,b@example.com|News|"Content 1"`, `a@example.com,b@example.com|News|"Content 2"`,
			`a@example.com,b@example.com|News|"Content 3"`, `a@example.com,b@example.com|News|"Content 4"`}},
	{name: "catch task error", files: []string{"catch-task-error"}, trigger: "api_trigger/zhuht-error-handling_API_1",
		vars:  map[string]string{"ErrorMessage": `"task 2 \"Data Mapping\" failed: row 1 ($output_str$): GET: index 2 is outside an array of 2"`},
		tasks: "2 SUCCEED 1 SUCCEED 3 SKIPPED"},
	{name: "catch task error, none", files: []string{"catch-task-error"}, trigger: "api_trigger/zhuht-error-handling_API_1",
		inputs: `{"string_array":{"stringArray":{"stringValues":["1","2","3"]}}}`,
		vars:   map[string]string{"output_str": `"3"`}, tasks: "2 SUCCEED 3 SUCCEED 1 SKIPPED"},

	// 1 x 10 + 24 x 1 = 34 is below the threshold of 100; only the second item is external.
	{name: "order processing", files: []string{"ecom-order-processing=ExampleIntegration-EcomOrderProcessing"}, trigger: "api_trigger/ecom-order-processing_API_1",
		answer:   always(200, "{}"),
		outputs:  `{"total_order_value":34,"filtered_external_items":[{"line":2,"sku":"tbz","vendor":"External","quantity":24,"price_per_unit":1}],"rest_call_response_status":["200 OK"],"` + "`Task_6_responseStatus`" + `":"","orders_response":{"STATUS":"PROCESSING_COMPLETE"}}`,
		requests: []string{`POST mocktarget.apigee.net/echo {"line":2,"sku":"tbz","vendor":"External","quantity":24,"price_per_unit":1}`}},
	{name: "order processing, approved", files: []string{"ecom-order-processing=ExampleIntegration-EcomOrderProcessing"}, trigger: "api_trigger/ecom-order-processing_API_1",
		inputs: `{"orders_request":{"jsonValue":"{\"line_items\":[{\"vendor\":\"External\",\"quantity\":20,\"price_per_unit\":5.5}]}"}}`,
		lift:   "lift", answer: always(202, ""),
		outputs:  `{"total_order_value":110,"filtered_external_items":[{"vendor":"External","quantity":20,"price_per_unit":5.5}],"rest_call_response_status":["202 Accepted"],"` + "`Task_6_responseStatus`" + `":"","orders_response":{"STATUS":"PROCESSING_COMPLETE"}}`,
		requests: []string{`POST mocktarget.apigee.net/echo {"vendor":"External","quantity":20,"price_per_unit":5.5}`}},
	{name: "order processing, rejected", files: []string{"ecom-order-processing=ExampleIntegration-EcomOrderProcessing"}, trigger: "api_trigger/ecom-order-processing_API_1",
		inputs: `{"orders_request":{"jsonValue":"{\"line_items\":[{\"vendor\":\"External\",\"quantity\":20,\"price_per_unit\":5.5}]}"}}`,
		lift:   "reject", outputs: `{"total_order_value":110,"` + "`Task_6_responseStatus`" + `":""}`, tasks: "1 SUCCEED 2 SUCCEED 3 SKIPPED 4 SKIPPED 5 SKIPPED"},
	{name: "order processing with Data Transformer", files: []string{"ecom-order-processing-using-data-transformer=ExampleIntegration-UsingDataTransformer"}, trigger: "api_trigger/ExampleIntegration-UsingDataTransformer_API_1",
		outputs:  `{"total_order_value":34,"filtered_external_items":[{"line":2,"price_per_unit":1,"quantity":24,"sku":"tbz","vendor":"External"}],"orders_response":{"STATUS":"PROCESSING_COMPLETE"},"` + "`Task_6_responseStatus`" + `":"","rest_call_response_status":["200 OK"]}`,
		requests: []string{`POST mocktarget.apigee.net/echo {"line":2,"price_per_unit":1,"quantity":24,"sku":"tbz","vendor":"External"}`}},

	{name: "vertex", files: []string{"vertex-ai-task"}, trigger: "api_trigger/vertex-ai-task_API_1", inputs: `{"TextPrompt":{"stringValue":"Say hi"}}`,
		answer:   always(200, `{"predictions":[{"content":"hi"}]}`),
		outputs:  `{"Content":"hi"}`,
		requests: []string{`POST services.example/us-west1-aiplatform.googleapis.com/v1/projects/my-project/locations/us-west1/publishers/google/models/text-bison@001:predict {"instances":[{"prompt":"Say hi"}],"parameters":{"temperature":0.2,"maxOutputTokens":768,"topP":0.8,"topK":40}}`}},
	{name: "vertex agents, list", files: []string{"vertex-agents-bigquery"}, trigger: "api_trigger/get-user-inventory",
		answer:   always(200, `{"entities":[{"name":"x","fields":{"id":"1"}},{"fields":{"id":"2"}}],"nextPageToken":"p2"}`),
		outputs:  `{"output":[{"id":"1"},{"id":"2"}]}`,
		requests: []string{"GET connectors.example/v2/projects/nodal-wall-429016-r5/locations/us-central1/connections/big-query-connection/entityTypes/users/entities"}},
	{name: "vertex agents, not found", files: []string{"vertex-agents-bigquery"}, trigger: "api_trigger/get-user", inputs: `{"entity_id":{"stringValue":"7"}}`,
		answer: always(200, `{"entities":[]}`), status: 404, outputs: `"message":"{\"message\":\"resource_not_found\"}","status":"NOT_FOUND"`,
		requests: []string{"GET connectors.example/v2/projects/nodal-wall-429016-r5/locations/us-central1/connections/big-query-connection/entityTypes/users/entities?conditions=id+%3D+%277%27"}},
	{name: "execute a connection, action", files: []string{"ExecuteConnection"}, trigger: "api_trigger/ExecuteConnection",
		inputs: `{"connectionName":{"stringValue":"projects/p/locations/l/connections/pubsub"},"operation":{"stringValue":"EXECUTE_ACTION"},"action":{"stringValue":"publishMessage"},"connectorInputPayload":{"jsonValue":"{\"message\":\"hi\"}"}}`,
		answer: always(200, `{"results":[{"messageId":"5"}]}`), outputs: `"connectorOutputPayload":[{"messageId":"5"}]`,
		requests: []string{`POST connectors.example/v2/projects/p/locations/l/connections/pubsub/actions/publishMessage:execute {"parameters":{"message":"hi"}}`}},
	{name: "execute a connection, list", files: []string{"ExecuteConnection"}, trigger: "api_trigger/ExecuteConnection",
		inputs: `{"connectionName":{"stringValue":"projects/p/locations/l/connections/jira"},"filterClause":{"stringValue":"a = 1"}}`,
		answer: always(200, `{"entities":[{"fields":{"k":1}}],"nextPageToken":"t2"}`), outputs: `{"connectorOutputPayload":[{"k":1}],"nextPageToken":"t2"}`,
		requests: []string{"GET connectors.example/v2/projects/p/locations/l/connections/jira/entityTypes/Issues/entities?conditions=a+%3D+1&pageSize=50"}},
	{name: "storage sync", files: []string{"MP-StorageSync"}, trigger: "cron_trigger/MP-StorageSync_Timer_1/0+6+*+*+*",
		answer: func(r *http.Request, _ string) (int, string) {
			if r.Host == "services.example" {
				return 200, `{"fields":{"entities":{"arrayValue":{"values":[{"stringValue":"a"},{"stringValue":"b"}]}}}}`
			}
			return 200, "{}"
		},
		config: map[string]json.RawMessage{"CONFIG_projectId": json.RawMessage(`"p1"`), "`CONFIG_apigeeHost`": json.RawMessage(`{"stringValue":"api.example"}`)},
		vars:   map[string]string{"storageEntities": `["a","b"]`},
		tasks:  "2 SUCCEED 4 SUCCEED 6 SUCCEED",
		requests: []string{"GET services.example/firestore.googleapis.com/v1/projects/p1/databases/%28default%29/documents/data-marketplace-config/storage-sync",
			"GET api.example/v1/test/data/a?export=true", "GET api.example/v1/test/data/b?export=true"}},

	// Ten days after 1970 less one day is 777600000; the first search finds one point, the second none.
	{name: "cleanup of a semantic cache", files: []string{"cleanup-semantic-cache-v1"}, trigger: "api_trigger/cleanup-semantic-cache-v1_API_1",
		inputs:   `{"now_in_millis":{"intValue":"864000000"}}`,
		defaults: `{"embeddings_db_find_neighbors_url":{"stringValue":"https://index.example/find"},"embeddings_db_remove_datapoints_url":{"stringValue":"https://index.example/remove"},"default_feature_vector":{"jsonValue":"{\"featureVector\":[0.5]}"}}`,
		answer:   inTurn("/find", `{"nearestNeighbors":[{"neighbors":[{"datapoint":{"datapointId":"d1"}},{"distance":1}]}]}`, `{}`),
		outputs:  `{"datapoints_to_delete_length":0,"now_in_millis":864000000}`,
		requests: []string{
			`POST index.example/find {"deployedIndexId":"semantic_cache","queries":[{"datapoint":{"featureVector":[0.5],"numeric_restricts":[{"namespace":"time_millis","op":"GREATER_EQUAL","value_int":777600000}]},"neighbor_count":1000}],"returnFullDatapoint":false}`,
			`POST index.example/find {"deployedIndexId":"semantic_cache","queries":[{"datapoint":{"featureVector":[0.5],"numeric_restricts":[{"namespace":"time_millis","op":"GREATER_EQUAL","value_int":777600000}]},"neighbor_count":1000}],"returnFullDatapoint":false}`,
			`POST index.example/remove {"datapoint_ids":["d1"]}`, `POST index.example/remove {"datapoint_ids":[]}`}},

	{name: "users of a marketplace", files: []string{"MP-Users", "MP-UsersFirestore", "MP-UsersRoles"}, trigger: "api_trigger/GetUser_API1",
		inputs: `{"userRequest":{"jsonValue":"{\"email\":\"a@example.com\",\"userName\":\"a\",\"firstName\":\"A\",\"lastName\":\"B\"}"}}`,
		answer: func(r *http.Request, _ string) (int, string) {
			switch {
			case r.Method == "GET":
				return 200, `{"name":"n","fields":{"email":{"stringValue":"a@example.com"}},"createTime":"c","updateTime":"u"}`
			case r.Host == "apigee.googleapis.com":
				return 201, `{"developerId":"7"}`
			}
			return 200, `{"status":[{}]}`
		},
		outputs: `"developerData":{"developerId":"7"},"userData":{"email":"a@example.com","roles":["internal"]}}`,
		requests: []string{
			"GET services.example/firestore.googleapis.com/v1/projects/example-project/databases/%28default%29/documents/data-marketplace-users/a@example.com",
			"GET services.example/firestore.googleapis.com/v1/projects/example-project/databases/%28default%29/documents/data-marketplace-users/a@example.com",
			`POST services.example/firestore.googleapis.com/v1/projects/example-project/databases/%28default%29/documents:batchWrite {"writes":[{"update":{"name":"n","fields":{"email":{"stringValue":"a@example.com"},"roles":{"arrayValue":{"values":[{"stringValue":"internal"}]}}}}}]}`,
			`POST apigee.googleapis.com/v1/organizations/example-project/developers {"email":"a@example.com","userName":"a","firstName":"A","lastName":"B"}`},
		mails: []string{"a@example.com|Welcome to Data Marketplace!|Hi, congratulations, you've been approved to use Data Marketplace!..."}},
	{name: "order of a sample", files: []string{"sample_order_processing"}, trigger: "api_trigger/sample_order_processing",
		answer: always(200, `{"fields":{}}`), outputs: `{"orderOutput":{"status":"Success"}}`,
		requests: []string{`POST connectors.example/v2/projects/PROJECT_ID/locations/REGION/connections/bq-orders/entityTypes/orders/entities {"fields":{"order_id":"id-2","quantity":"10","product":"Google Pixel 9","customer_name":"Test User","shipping_address":"100 Testing Avenue"}}`},
		mails:    []string{"replaceme@testing.com|Order id-2 confirmed!|<html>..."}},
	{name: "order of a sample, approved", files: []string{"sample_order_processing"}, trigger: "api_trigger/sample_order_processing",
		inputs: `{"orderDetails":{"jsonValue":"{\"quantity\":101,\"product\":\"p\",\"customer_name\":\"c\",\"shipping_address\":\"s\"}"}}`,
		lift:   "lift", answer: always(200, `{"fields":{}}`), outputs: `{"orderOutput":{"status":"In Progress"}}`,
		requests: []string{`POST connectors.example/v2/projects/PROJECT_ID/locations/REGION/connections/bq-orders/entityTypes/orders/entities {"fields":{"order_id":"id-2","quantity":"101","product":"p","customer_name":"c","shipping_address":"s"}}`},
		mails:    []string{"replaceme@testing.com|Order id-2 confirmed!|<html>..."}},

	{name: "list of a connection", files: []string{"connector"}, trigger: "api_trigger/fdic_API_1",
		answer: always(200, `{"entities":[{"fields":{"CERT":1}}]}`), vars: map[string]string{"`Task_1_connectorOutputPayload`": `[{"CERT":1}]`},
		requests: []string{"GET connectors.example/v2/projects/project-name/locations/us-west1/connections/connector-name/entityTypes/institutions/entities"}},
	{name: "file over SFTP", files: []string{"sftp-get-file"}, trigger: "api_trigger/sftp-get-file_API_1",
		answer: answerAsSFTP, outputs: `{"FileContents":"of /pub/readme.txt","EndResult":{"EndResult":"true","RemoteFilename":"/pub/readme.txt"}}`,
		inputs: `{"RemoteFileName":{"stringValue":"/pub/readme.txt"}}`,
		requests: []string{
			`POST connectors.example/v2/projects/dynolab-153020/locations/us-east1/connections/sftp-dynolab/actions/Download:execute {"parameters":{"RemoteFile":"/pub/readme.txt"}}`,
			"GET connectors.example/v2/projects/dynolab-153020/locations/us-east1/connections/sftp-dynolab/entityTypes/Root/entities/..."}},
	{name: "files over SFTP", files: []string{"sftp-get-file-poll", "sftp-get-file"}, trigger: "cron_trigger/sftp-poll-path-for-file_Timer_1/10+12+*+*+*",
		answer: answerAsSFTP, vars: map[string]string{"AllFilesContents": `["of /pub/example/a","of /pub/example/b"]`},
		requests: []string{
			"GET connectors.example/v2/projects/dynolab-153020/locations/us-east1/connections/sftp-dynolab/entityTypes/Root/entities?conditions=Filepath+LIKE+%27%2Fpub%2Fexample%2F%25%27",
			`POST connectors.example/v2/projects/dynolab-153020/locations/us-east1/connections/sftp-dynolab/actions/Download:execute {"parameters":{"RemoteFile":"/pub/example/a"}}`,
			`POST connectors.example/v2/projects/dynolab-153020/locations/us-east1/connections/sftp-dynolab/actions/Download:execute {"parameters":{"RemoteFile":"/pub/example/b"}}`,
			"GET connectors.example/v2/projects/dynolab-153020/locations/us-east1/connections/sftp-dynolab/entityTypes/Root/entities/%2Fpub%2Fexample%2Fa",
			"GET connectors.example/v2/projects/dynolab-153020/locations/us-east1/connections/sftp-dynolab/entityTypes/Root/entities/%2Fpub%2Fexample%2Fb"}},

	azureCase,
}

// answerAsSFTP knows two files and the contents of every file.
func answerAsSFTP(r *http.Request, body string) (int, string) {
	if r.Method == http.MethodPost {
		_, file, _ := strings.Cut(strings.TrimSuffix(body, `"}}`), `"RemoteFile":"`)
		return 200, `{"results":[{"Success":"true"},{"Content":"of ` + file + `"}]}`
	}
	if strings.HasSuffix(r.URL.Path, "/entities") {
		return 200, `{"entities":[{"fields":{"FilePath":"/pub/example/a","Filename":"a"}},{"fields":{"FilePath":"/pub/example/b","Filename":"b"}}]}`
	}
	return 200, `{"fields":{"Filename":"x"}}`
}

// azureCase goes through all of the largest export: nine triggers that call each other, three
// loops, a script. There is one service with one API.
var azureCase = corpusCase{
	name: "Azure API Management", files: []string{"azure_ip_template=azure"}, replace: []string{"$INTEGRATION_NAME$", "azure"}, trigger: "api_trigger/azure_apim_sync_trigger",
	inputs: `{"in_client_id":{"stringValue":"c"},"in_client_secret":{"stringValue":"s"},"in_subscription_id":{"stringValue":"sub"},"in_tenant_id":{"stringValue":"t"}}`,
	answer: answerAsAzure,
	tasks:  "1 SUCCEED 2 SUCCEED 4 SUCCEED 7 SUCCEED 12 SKIPPED 13 SKIPPED 5 SKIPPED",
	requests: []string{
		"POST login.microsoftonline.com/t/oauth2/v2.0/token grant_type=client_credentials&scope=https://management.azure.com/.default&client_id=c&client_secret=s",
		"GET management.azure.com/subscriptions/sub/providers/Microsoft.ApiManagement/service?api-version=2021-08-01",
		"GET management.azure.com/subscriptions/sub/providers/Microsoft.ApiManagement/service?api-version=2021-08-01",
		"GET management.azure.com/subscriptions/sub/resourceGroups/rg1/providers/Microsoft.ApiManagement/service/svc1/apis?api-version=2021-08-01",
		"GET management.azure.com/subscriptions/sub/resourceGroups/rg1/providers/Microsoft.ApiManagement/service/svc1/apis/pets/operations?api-version=2021-08-01",
		"GET management.azure.com/subscriptions/sub/resourceGroups/rg1/providers/Microsoft.ApiManagement/service/svc1/apis/pets?api-version=2021-08-01",
		"GET management.azure.com/subscriptions/sub/resourceGroups/rg1/providers/Microsoft.ApiManagement/service/svc1/apis/pets?export=true&format=openapi+json&api-version=2021-08-01",
		"GET management.azure.com/subscriptions/sub/resourceGroups/rg1/providers/Microsoft.ApiManagement/service/svc1?api-version=2022-08-01",
		"POST apihub.googleapis.com/v1/projects/$PROJECT_ID$/locations/$LOCATION_ID$:collectApiData...",
	},
}

// azureSpecification is what the script of the export makes of {"name":"Pets","serviceUrl":"https://b"}.
const azureSpecification = `{"openapi":"3.0.4","info":{"title":"Pets","description":"","version":"1.0.0"},"servers":[{"url":"https://b"}],"tags":[],"paths":{},"components":{}}`

func answerAsAzure(r *http.Request, body string) (int, string) {
	switch path := r.URL.Path; {
	case r.Host == "login.microsoftonline.com":
		return 200, `{"access_token":"tok","expires_in":3600}`
	case r.Host == "apihub.googleapis.com":
		return isIngestion(body), `{"done":true}`
	case r.Header.Get("Authorization") != "Bearer tok":
		return 401, `{}`
	case strings.HasSuffix(path, "/service"):
		return 200, `{"value":[{"name":"svc1","id":"/subscriptions/sub/resourceGroups/rg1/providers/Microsoft.ApiManagement/service/svc1"}]}`
	case strings.HasSuffix(path, "/apis"):
		return 200, `{"value":[{"name":"pets","properties":{"description":"all pets","displayName":"Pets"}}]}`
	case r.URL.Query().Get("export") == "true":
		return 200, `{"name":"Pets","serviceUrl":"https://b"}`
	case strings.HasSuffix(path, "/pets"):
		return 200, `{"properties":{"apiRevision":"3"}}`
	case strings.HasSuffix(path, "/operations"):
		return 200, `{"value":[]}`
	}
	return 200, `{"properties":{"gatewayUrl":"https://gw","publisherEmail":"p@x","publisherName":"P"},"sku":{"name":"Dev"},"systemData":{"createdAt":"c","lastModifiedAt":"m"}}`
}

// isIngestion answers 500 unless body tells all that was gathered on the way.
func isIngestion(body string) int {
	contents := base64.StdEncoding.EncodeToString([]byte(azureSpecification))
	for _, part := range []string{
		`"display_name": "pets"`, `"description": "all pets"`, `"displayName": "P"`, `"email": "p@x"`, `"display_name": "3"`,
		`"contents": "` + contents + `"`, `"source_environment": "Dev"`, `"https://gw"`, `"original_create_time": "c"`, `"original_update_time": "m"`,
	} {
		if !strings.Contains(body, part) {
			return 500
		}
	}
	return 200
}

// inTurn answers calls of a path with the bodies in turn, from the first one again after the
// last, and others with {}.
func inTurn(path string, bodies ...string) func(*http.Request, string) (int, string) {
	var n atomic.Int64
	return func(r *http.Request, _ string) (int, string) {
		if r.URL.Path != path {
			return 200, "{}"
		}
		return 200, bodies[int(n.Add(1)-1)%len(bodies)]
	}
}
