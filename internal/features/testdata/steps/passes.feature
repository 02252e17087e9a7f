Feature: Every step of apickli, where it holds
  The server is a stand-in for httpbin.org.

  Scenario: headers
    Given I set Custom-Header header to A
    And I set Custom-Header header to B
    And I set headers to
      | name          | value |
      | Custom-Header | C     |
      | Other         | D     |
    When I GET /get
    Then response body path $.headers.Custom-Header should be ^A,B,C$
    And response body path $.headers.Other should be D
    And response body path $.headers.Cache-Control should be no-cache
    And response body path $.headers.User-Agent should be null

  Scenario: cookies
    Given I set cookie to a=1; HttpOnly
    And I set cookie to b=2
    And I set cookie to a=3
    When I GET /headers
    Then response body path $.headers.Cookie should be ^b=2; a=3$

  Scenario: body
    Given I set body to {"key":["hello-world"]}
    When I POST to /post
    Then response code should be 200
    And response body should contain hello-world
    And response body path $.json.key[0] should be hello
    And response body path $.json.key should be of type array
    And response body path $.json.key should be of type array with length 1

  Scenario: body and its schema
    Given I set body to {"key":["hello-world"]}
    When I POST to /post
    Then response body should be valid according to schema file answer.schema.json
    And response body should be valid according to openapi description Answer in file answer.swagger.json
    And response body should be valid according to openapi description Answer in file post.openapi.yaml

  Scenario: body of a file
    Given I pipe contents of file body.xml to body
    When I PUT /put
    Then response body path $.data should be ^<a>b</a>$

  Scenario: query parameters
    Given I set query parameters to
      | parameter | value      |
      | a         | 1          |
      | b         | two & more |
    When I GET /get?b=3&c=4
    Then response body path $.args.a should be ^1$
    And response body path $.args.b should be ^two & more$
    And response body path $.args.c should be ^4$

  Scenario: form parameters
    Given I set form parameters to
      | parameter | value  |
      | a         | 1 ä    |
      | b         |        |
    When I PATCH /patch
    Then response body path $.form.a should be ^1 ä$
    And response body path $.form.b should be ^$
    And response body path $.headers.Content-Type should be ^application/x-www-form-urlencoded$

  Scenario: credentials
    Given I set Authorization header to token
    And I have basic authentication credentials user and pass
    When I DELETE /delete
    Then response body path $.headers.Authorization should be ^Basic dXNlcjpwYXNz$

  Scenario: options
    When I request OPTIONS for /anything
    Then response code should be 200
    And response code should not be 404

  Scenario: headers of the answer
    When I GET /response-headers?X-One=1
    Then response header x-one should exist
    And response header X-Two should not exist
    And response header X-One should be [0-9]
    And response header X-One should not be 2

  Scenario: kinds of bodies
    When I GET /xml
    Then response body should be valid xml
    And response body should not contain nothing of the kind
    And response body path /slideshow/slide[1]/title should be Wake up
    And response body path /slideshow/slide[1]/title should not be \d+
    And response body path /slideshow/@author should be Yours Truly
    When I GET /json
    Then response body should be valid json

  Scenario: variables
    Given I store the raw value `x` as raw in scenario scope
    And I store the raw value 5 as x in scenario scope
    Then value of scenario variable x should be `raw`
    And value of scenario variable x should be 5
    And value of scenario variable y should be undefined
    When I GET /response-headers?X-One=one`raw`
    Then I store the value of response header X-One as one in scenario scope
    And value of scenario variable one should be one5
    And I store the value of response header X-One as One in global scope
    And I store the value of body path $.X-One as bodyOne in scenario scope
    And value of scenario variable bodyOne should be one5
    And I store the value of body path $.X-One as BodyOne in global scope
    And I store the value of body path $.X-One as access token

  Scenario: variables and the token of earlier scenarios
    Given I set X-One header to `One` `BodyOne` `bodyOne`
    And I set bearer token
    When I GET /headers
    Then response body path $.headers.X-One should be ^one5 one5 undefined$
    And response body path $.headers.Authorization should be ^Bearer one5$

  Scenario: no token
    When I GET /headers
    Then I store the value of body path $.none as access token
    And I set bearer token
    When I GET /headers
    Then response body path $.headers.Authorization should be ^null$

  Scenario Outline: an empty <cell>
    Given I set Endpoint header to <cell>
    When I GET /headers
    Then response body path $.headers.Endpoint should be ^$

    Examples:
      | cell |
      |      |

  Scenario: values are compared as text
    Given I set body to {"n":null,"t":true,"i":1.0,"a":[1,[2,null],"x"],"o":{}}
    When I POST to /post
    Then response body path $.json.n should be ^null$
    And response body path $.json.none should be ^null$
    And response body path $.json.t should be ^true$
    And response body path $.json.i should be ^1$
    And response body path $.json.a should be ^1,2,,x$
    And response body path $.json.o should be ^\[object Object\]$

  Scenario: a packed body
    When I GET /gzip
    Then response body path $.gzipped should be true

  Scenario: a redirect is not followed
    When I GET /redirect/1
    Then response code should be 302
