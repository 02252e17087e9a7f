Feature: Every step of apickli, where it does not hold

  Scenario: header without a name
    Given I set two words header to x
    When I GET /get

  Scenario: headers without a table
    Given I set headers to

  Scenario: headers without a column
    Given I set headers to
      | name | worth |
      | A    | 1     |

  Scenario: cookie with a table
    Given I set cookie to a=1
      | a |

  Scenario: body with a doc string
    Given I set body to x
      """
      x
      """

  Scenario: body with a variable that names itself
    Given I store the raw value `loop` as loop in scenario scope
    When I set body to `loop`

  Scenario: file that is not there
    Given I pipe contents of file none.xml to body

  Scenario: query parameters without a column
    Given I set query parameters to
      | name | value |
      | a    | 1     |

  Scenario: form parameters without a table
    Given I set form parameters to

  Scenario: credentials with a table
    Given I have basic authentication credentials a and b
      | a |

  Scenario: client TLS
    Given I have valid client TLS configuration

  Scenario Outline: resource that is no path
    When <request> nowhere

    Examples:
      | request           |
      | I GET             |
      | I POST to         |
      | I PUT             |
      | I DELETE          |
      | I PATCH           |
      | I request OPTIONS for |

  Scenario Outline: assertion that does not hold
    Given I set body to {"a":[1,2],"b":"text"}
    When I POST to /post
    Then <assertion>

    Examples:
      | assertion                                                    |
      | response header X-None should exist                          |
      | response header Content-Type should not exist                |
      | response body should be valid xml                            |
      | response code should be 404                                  |
      | response code should not be 200                              |
      | response header Content-Type should be xml                   |
      | response header X-None should be x                           |
      | response header Content-Type should not be json              |
      | response body should contain nothing of the kind             |
      | response body should not contain text                        |
      | response body should contain (                               |
      | response body path $.json.b should be ^T                     |
      | response body path $.json.b should not be t                  |
      | response body path $[ should be t                            |
      | response body path $.json.b should be of type array          |
      | response body path $.json.a should be of type array with length 3 |
      | response body path $.json.b should be of type array with length 3 |
      | response body should be valid according to schema file x.json |
      | response body should be valid according to schema file body.xml |
      | response body should be valid according to schema file post.schema.json |
      | response body should be valid according to openapi description A in file x.json |
      | response body should be valid according to openapi description A in file post.openapi.yaml |
      | response body should be valid according to openapi description Post in file post.openapi.yaml |
      | value of scenario variable a should be 1                     |

  Scenario Outline: step without an answer
    Then <step>

    Examples:
      | step |
      | response code should be 200 |
      | response body should be valid according to schema file post.schema.json |
      | I store the value of body path $.a as access token |
      | I store the value of response header A as b in global scope |
      | I store the value of body path $.a as b in global scope |
      | I store the value of response header A as b in scenario scope |
      | I store the value of body path $.a as b in scenario scope |

  Scenario: bearer token with a table
    Given I set bearer token
      | a |

  Scenario: raw value with a table
    Given I store the raw value a as b in scenario scope
      | a |

  Scenario: XPath that selects nothing
    When I GET /xml
    Then response body path //none should be x

  Scenario: ambiguous
    Given I set cookie to a header to b

  Scenario: undefined, and what follows a failure
    Given I sign in
    Then response code should be 200
    And I see my name

  Scenario: nothing to do
    GET /get
