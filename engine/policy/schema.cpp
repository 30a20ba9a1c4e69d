#include "policy/compile.hpp"

namespace freellmapi::policy {

// A test walks this text and the keys that the readers ask for: neither may know one that the other does not.
std::string schema() {
  return R"json({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "policy.yaml",
  "type": "object",
  "required": ["version", "chain"],
  "additionalProperties": false,
  "properties": {
    "version": {"const": 1},
    "server": {
      "type": ["object", "null"],
      "additionalProperties": false,
      "properties": {
        "listen": {"type": "string", "description": "ADDRESS:PORT, such as 127.0.0.1:3001"},
        "hosts": {
          "type": "array", "maxItems": 64, "items": {"type": "string"},
          "description": "further names to answer to in the Host header"
        }
      }
    },
    "chain": {"$ref": "#/$defs/chain"},
    "profiles": {
      "type": ["object", "null"],
      "maxProperties": 64,
      "propertyNames": {"$ref": "#/$defs/name"},
      "additionalProperties": {
        "type": ["object", "null"],
        "additionalProperties": false,
        "properties": {
          "chain": {"$ref": "#/$defs/chain"},
          "strategy": {"$ref": "#/$defs/strategy"}
        }
      }
    },
    "routing": {
      "type": ["object", "null"],
      "additionalProperties": false,
      "properties": {
        "strategy": {"$ref": "#/$defs/strategy"},
        "sticky": {"$ref": "#/$defs/duration", "description": "a conversation stays on its model this long; 0s: off"},
        "attempts": {"type": "integer", "minimum": 1, "maximum": 1000},
        "enforce_json": {"type": "boolean", "description": "an answer that breaks the request's schemas is not passed on"},
        "budget": {"$ref": "#/$defs/duration", "description": "no new attempt is started after this"},
        "continue_streams": {"type": "boolean"},
        "on_content_filter": {"enum": ["fail", "next"], "description": "a content filter's refusal goes to the client, or the next model is asked"},
        "handoff": {"enum": ["off", "note"], "description": "note: a model that takes a conversation over is told so, behind the leading system messages"},
        "hedge": {"enum": ["off", "surplus"], "description": "surplus: a stream that is late gets a second request beside it, of quota that would go unused"}
      }
    },
    "store": {
      "type": ["object", "null"],
      "additionalProperties": false,
      "properties": {
        "requests": {
          "type": ["object", "null"],
          "additionalProperties": false,
          "description": "how much of the request log is kept: sizes, timings and routes, never prompts or answers",
          "properties": {
            "days": {"type": "integer", "minimum": 1, "maximum": 3650},
            "rows": {"type": "integer", "minimum": 1, "maximum": 100000000}
          }
        },
        "conversations": {"$ref": "#/$defs/duration", "description": "what answers carried for their next turn (thought signatures, reasoning) is kept so long, encrypted; 0s: not at all, and what was kept is deleted"}
      }
    },
    "aliases": {
      "type": ["object", "null"],
      "maxProperties": 512,
      "additionalProperties": {
        "type": ["string", "number"],
        "description": "auto, auto:PROFILE, provider/model, a model, a family or another alias"
      }
    },
    "tests": {
      "type": "array",
      "maxItems": 256,
      "description": "given this state and request, expect that route; policy check runs them, and a reload whose tests fail does not apply",
      "items": {
        "type": "object",
        "additionalProperties": false,
        "anyOf": [{"required": ["expect"]}, {"required": ["never"]}],
        "properties": {
          "name": {"type": "string"},
          "given": {
            "type": ["object", "null"],
            "additionalProperties": false,
            "description": "providers and models; every provider has a key, is unspent and is not benched unless it stands here",
            "properties": {
              "spent": {"$ref": "#/$defs/targets"},
              "benched": {"$ref": "#/$defs/targets"},
              "without_key": {"$ref": "#/$defs/targets"}
            }
          },
          "request": {
            "type": ["object", "null"],
            "additionalProperties": false,
            "properties": {
              "model": {"type": "string"},
              "tokens": {"type": "integer", "minimum": 0},
              "output": {"type": "integer", "minimum": 0},
              "tools": {"type": "boolean"},
              "vision": {"type": "boolean"},
              "json": {"enum": ["object", "schema"]}
            }
          },
          "expect": {"type": "string", "description": "provider, provider/model or none"},
          "never": {"$ref": "#/$defs/targets"}
        }
      }
    },
    "providers": {
      "type": ["object", "null"],
      "maxProperties": 128,
      "propertyNames": {"$ref": "#/$defs/name"},
      "additionalProperties": {"$ref": "#/$defs/provider"}
    }
  },
  "$defs": {
    "name": {"type": "string", "pattern": "^[a-z0-9-]{1,64}$"},
    "targets": {"type": "array", "maxItems": 256, "items": {"type": "string"}},
    "date": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
    "duration": {
      "anyOf": [
        {"const": 0},
        {"type": "string", "minLength": 1, "pattern": "^(0|([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?)$"}
      ]
    },
    "strategy": {"enum": ["priority", "balanced", "fastest", "smartest", "reliable", "expiring"]},
    "limit": {"anyOf": [{"type": "integer", "minimum": 1}, {"const": "none"}]},
    "chain": {
      "type": "array",
      "maxItems": 256,
      "items": {
        "anyOf": [
          {"type": ["string", "number"]},
          {
            "type": "object",
            "additionalProperties": false,
            "oneOf": [{"required": ["model"]}, {"required": ["provider"]}],
            "properties": {
              "model": {"type": "string", "pattern": "/"},
              "provider": {"$ref": "#/$defs/name"},
              "wait": {"$ref": "#/$defs/duration", "description": "rather wait this long for a slot than go lower"}
            }
          }
        ]
      }
    },
    "provider": {
      "type": ["object", "null"],
      "additionalProperties": false,
      "properties": {
        "plugin": {"type": "string", "description": "default: the plugin of the provider's own name"},
        "name": {"type": "string"},
        "enabled": {"type": "boolean"},
        "base_url": {"type": "string", "pattern": "^[hH][tT][tT][pP][sS]?://"},
        "hosts": {
          "type": ["object", "null"],
          "maxProperties": 4,
          "propertyNames": {"$ref": "#/$defs/name"},
          "additionalProperties": {"type": "string", "pattern": "^[hH][tT][tT][pP][sS]?://"},
          "description": "further base URLs with keys of their own: a key that one refuses is tried at the next"
        },
        "probe_url": {
          "type": "string",
          "pattern": "^[hH][tT][tT][pP][sS]?://",
          "description": "where keys are tested, when not at base_url"
        },
        "local": {"type": "boolean", "description": "may be at a loopback or private address"},
        "proxy": {"type": "string", "pattern": "^(none$|http://|socks5h?://)"},
        "ca_file": {"type": "string"},
        "keys": {
          "type": "array",
          "maxItems": 256,
          "items": {
            "type": "object",
            "additionalProperties": false,
            "oneOf": [{"required": ["env"]}, {"required": ["file"]}, {"required": ["vault"]}],
            "properties": {
              "env": {"type": "string"},
              "file": {"type": "string"},
              "vault": {"type": "string"},
              "label": {"type": "string"},
              "before": {"type": "string", "description": "the variable whose value and a ':' come before the key"},
              "host": {"$ref": "#/$defs/name", "description": "the host of 'hosts' that it is tried at first"}
            }
          }
        },
        "timeouts": {
          "type": ["object", "null"],
          "additionalProperties": false,
          "properties": {
            "connect": {"$ref": "#/$defs/duration"},
            "first_byte": {"$ref": "#/$defs/duration"},
            "idle": {"$ref": "#/$defs/duration"},
            "total": {"$ref": "#/$defs/duration"}
          }
        },
        "billing": {
          "type": ["object", "null"],
          "additionalProperties": false,
          "properties": {
            "failed": {"enum": ["none", "requests"]},
            "cancelled": {"enum": ["none", "all", "input"]},
            "cut": {"enum": ["none", "all", "input"]}
          }
        },
        "counters": {
          "type": ["object", "null"],
          "additionalProperties": false,
          "description": "what the shorthand rpm, tpd ... means here",
          "properties": {
            "scope": {"enum": ["key", "account", "ip"]},
            "tokens": {"enum": ["tokens", "input_tokens"]},
            "second": {"$ref": "#/$defs/resets"},
            "minute": {"$ref": "#/$defs/resets"},
            "hour": {"$ref": "#/$defs/resets"},
            "day": {"$ref": "#/$defs/resets"},
            "week": {"$ref": "#/$defs/resets"},
            "month": {"$ref": "#/$defs/resets"}
          }
        },
        "quota": {"$ref": "#/$defs/quota"},
        "models": {
          "type": ["object", "null"],
          "maxProperties": 512,
          "additionalProperties": {"$ref": "#/$defs/model"}
        }
      }
    },
    "cost": {
      "description": "in the provider's own unit: for a request and for a million tokens",
      "type": ["object", "null"],
      "additionalProperties": false,
      "properties": {
        "request": {"type": "number", "minimum": 0},
        "input": {"type": "number", "minimum": 0},
        "output": {"type": "number", "minimum": 0}
      }
    },
    "model": {
      "type": ["object", "null"],
      "additionalProperties": false,
      "properties": {
        "name": {"type": ["string", "number"]},
        "family": {"type": "string"},
        "kind": {"enum": ["chat", "embedding", "image", "speech"]},
        "context": {"type": "integer", "minimum": 1},
        "max_output": {"type": "integer", "minimum": 1},
        "max_input": {"type": "integer", "minimum": 1},
        "dims": {"type": "integer", "minimum": 1, "maximum": 1000000},
        "cost": {"$ref": "#/$defs/cost"},
        "tools": {"type": "boolean"},
        "vision": {"type": "boolean"},
        "json": {"enum": ["none", "object", "schema"]},
        "reasoning": {"type": "boolean"},
        "reasoning_back": {"type": "boolean", "description": "in a loop of tools it takes its own earlier reasoning_content back; it is put back when the client dropped it"},
        "prefill": {"type": "boolean"},
        "rank": {"type": "integer", "minimum": 1, "maximum": 100000},
        "speed": {"type": "integer", "minimum": 1, "maximum": 100000},
        "tier": {"enum": ["frontier", "large", "medium", "small"]},
        "enabled": {"type": "boolean"},
        "why_off": {"type": "string"},
        "since": {"$ref": "#/$defs/date"},
        "source": {"type": "string", "maxLength": 512, "description": "where the figures come from"},
        "as_of": {"$ref": "#/$defs/date"},
        "quota": {"$ref": "#/$defs/quota"},
        "note": {"type": "string"}
      }
    },
    "resets": {
      "type": "string",
      "pattern": "^(rolling|token-bucket|first-use|[0-2][0-9]:[0-5][0-9] .+)$"
    },
    "quota": {
      "anyOf": [
        {"type": "array", "maxItems": 64, "items": {"$ref": "#/$defs/rule"}},
        {"$ref": "#/$defs/shorthand"}
      ]
    },
    "rule": {
      "type": "object",
      "additionalProperties": false,
      "required": ["limit", "of"],
      "properties": {
        "limit": {"type": "integer", "minimum": 1},
        "of": {
          "type": "string",
          "description": "requests, tokens, input_tokens, output_tokens, concurrency or the provider's own unit"
        },
        "per": {"type": "string", "pattern": "^(second|minute|hour|day|week|month|rolling .+)$"},
        "resets": {"$ref": "#/$defs/resets"},
        "scope": {"enum": ["key", "account", "ip", "model", "pool"]},
        "pool": {"type": "string"},
        "source": {"type": "string", "maxLength": 512},
        "as_of": {"$ref": "#/$defs/date"},
        "note": {"type": "string"}
      }
    },
    "shorthand": {
      "type": "object",
      "additionalProperties": false,
      "properties": {
        "rps": {"$ref": "#/$defs/limit"}, "tps": {"$ref": "#/$defs/limit"},
        "rpm": {"$ref": "#/$defs/limit"}, "tpm": {"$ref": "#/$defs/limit"},
        "rph": {"$ref": "#/$defs/limit"}, "tph": {"$ref": "#/$defs/limit"},
        "rpd": {"$ref": "#/$defs/limit"}, "tpd": {"$ref": "#/$defs/limit"},
        "rpw": {"$ref": "#/$defs/limit"}, "tpw": {"$ref": "#/$defs/limit"},
        "rpmo": {"$ref": "#/$defs/limit"}, "tpmo": {"$ref": "#/$defs/limit"},
        "concurrency": {"$ref": "#/$defs/limit"}
      }
    }
  }
}
)json";
}

}  // namespace freellmapi::policy
