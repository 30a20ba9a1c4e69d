#include "kit/written.hpp"

#include <freellmapi/ext/heads.h>

#include <freellmapi/request_rules.hpp>
#include <span>
#include <stdexcept>
#include <utility>

#include "kit/crossing.hpp"
#include "kit/text.hpp"

namespace freellmapi::kit {
namespace rules = sdk::rules;
namespace {

constexpr std::size_t faults_max = 16;

}  // namespace

const std::string* Written::header(std::string_view lower_name) const {
  for (const auto& [name, value] : headers)
    if (lower(name) == lower_name) return &value;
  return nullptr;
}

std::string Written::everything() const {
  std::string all = method + "\n" + path + "\n";
  for (const auto& [name, value] : headers) all += name + ": " + value + "\n";
  for (const Credential& c : credentials) all += c.name + ": " + c.prefix + "\n";
  return all + body;
}

freellm_status RequestSink::next() { return ++calls_ > calls_allowed_ ? FREELLM_E_STOPPED : FREELLM_OK; }

void RequestSink::fault(std::string what) {
  if (written_.faults.size() < faults_max) written_.faults.push_back(std::move(what));
}

void RequestSink::judge_name(std::string_view name, std::string_view value) {
  const std::string shown = printable(name, 64);
  if (!rules::is_name(name)) fault("a header named \"" + shown + "\" is not legal");
  if (rules::is_the_hosts(name)) fault("the header " + shown + " is the host's to write");
  if (!rules::is_value(value))
    fault("the value of the header " + shown + " has control characters or is over 8192 bytes");
  if (written_.headers.size() + written_.credentials.size() >= rules::most_headers)
    fault("more than 64 headers");
}

RequestSink::RequestSink(freellm_str shared, std::size_t calls_allowed)
    : shared_(shared), calls_allowed_(calls_allowed) {
  out_.size = sizeof out_;
  out_.ctx = this;
  out_.target = [](freellm_request_out* o, freellm_str method, freellm_str path) {
    RequestSink& self = from(o);
    if (std::exchange(self.targeted_, true)) self.fault("two targets for one request");
    self.written_.method = view(method);
    self.written_.path = view(path);
    const std::string& verb = self.written_.method;
    if (!rules::is_method(verb)) self.fault("the method \"" + printable(verb, 32) + "\" is not legal");
    if (!rules::is_path(self.written_.path))
      self.fault("the path \"" + printable(self.written_.path, 100) + "\" is not legal");
    return self.next();
  };
  out_.header = [](freellm_request_out* o, freellm_str name, freellm_str value) {
    RequestSink& self = from(o);
    self.judge_name(view(name), view(value));
    if (self.written_.headers.size() < rules::most_headers)
      self.written_.headers.emplace_back(view(name), view(value));
    return self.next();
  };
  out_.credential = [](freellm_request_out* o, freellm_str name, freellm_str prefix, std::uint32_t part) {
    RequestSink& self = from(o);
    self.judge_name(view(name), view(prefix));
    if (part > 2) self.fault("part " + std::to_string(part) + " of the key; there are 0, 1 and 2");
    if (self.written_.credentials.size() < rules::most_headers)
      self.written_.credentials.push_back({std::string(view(name)), std::string(view(prefix)), part});
    return self.next();
  };
  out_.body = [](freellm_request_out* o, const void* data, std::size_t n) -> freellm_status {
    RequestSink& self = from(o);
    if (n == 0) return self.next();
    if (data == nullptr || n > rules::most_body - self.written_.body.size()) {
      self.fault(data == nullptr ? "a null pointer as a piece of the body" : "a body of more than 64 MiB");
      return FREELLM_E_LIMIT;
    }
    const char* const bytes = static_cast<const char*>(data);
    if (++self.written_.pieces > rules::most_pieces) self.fault("the body in more than 65536 pieces");
    if (!rules::lies_inside({bytes, n}, view(self.shared_))) self.written_.copied += n;
    self.written_.body.append(bytes, n);
    return self.next();
  };
  out_.output_bound = [](freellm_request_out* o, std::uint64_t tokens) {
    RequestSink& self = from(o);
    self.written_.output_bound = tokens;
    return self.next();
  };
}

Written RequestSink::take(freellm_status status) && {
  written_.status = status;
  if (status >= 0 && !targeted_) fault("no target");
  return std::move(written_);
}

Written write_request(const freellm_provider& provider, const freellm_call& call) {
  RequestSink sink(call.body);
  const freellm_status status =
      inside("build_request", [&] { return provider.build_request(&provider, &call, sink.out()); });
  return std::move(sink).take(status);
}

std::optional<Written> write_behind_head(const freellm_provider& provider, const freellm_call& call) {
  const auto* const known =
      provider.get_extension == nullptr
          ? nullptr
          : static_cast<const freellm_heads*>(provider.get_extension(&provider, text(FREELLM_EXT_HEADS)));
  if (known == nullptr) return std::nullopt;
  std::uint32_t head = 0;
  const auto build = [&](RequestSink& sink) {
    return inside("build_request of freellm.heads/1",
                  [&] { return known->build_request(&provider, &call, sink.out(), &head); });
  };
  RequestSink first(call.body);
  const freellm_status refused = build(first);
  if (refused < 0) return std::move(first).take(refused);
  if (head >= known->count) throw std::runtime_error("it names a head that it does not have");
  RequestSink sink(call.body);
  const freellm_fixed_head& fixed = known->heads[head];
  sink.out()->target(sink.out(), fixed.method, fixed.path);
  for (const freellm_head_field& field : std::span(fixed.fields, fixed.field_count)) {
    if (field.part == FREELLM_NO_CREDENTIAL) {
      sink.out()->header(sink.out(), field.name, field.value);
    } else {
      sink.out()->credential(sink.out(), field.name, field.value, field.part);
    }
  }
  const freellm_status status = build(sink);
  return std::move(sink).take(status);
}

const freellm_endpoints& endpoints_of(const freellm_provider& provider) {
  const void* const table = provider.get_extension == nullptr
                                ? nullptr
                                : provider.get_extension(&provider, text(FREELLM_EXT_ENDPOINTS));
  if (table == nullptr) throw std::runtime_error("the provider has no freellm.endpoints/1");
  return *static_cast<const freellm_endpoints*>(table);
}

Written write_request(const freellm_provider& provider, std::uint32_t endpoint, const freellm_call& call) {
  const freellm_endpoints& endpoints = endpoints_of(provider);
  RequestSink sink(call.body);
  const freellm_status status = inside("build_request of an endpoint", [&] {
    return endpoints.build_request(&provider, endpoint, &call, sink.out());
  });
  return std::move(sink).take(status);
}

Written write_probe(const freellm_provider& provider) {
  RequestSink sink({nullptr, 0});
  const freellm_status status =
      inside("build_probe", [&] { return provider.build_probe(&provider, sink.out()); });
  return std::move(sink).take(status);
}

}  // namespace freellmapi::kit
