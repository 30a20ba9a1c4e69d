// What a provider serves beside chat (extension "freellm.endpoints/1").
#include <utility>

#include "host/guard.hpp"
#include "host/provider.hpp"
#include "host/request_writer.hpp"
#include "host/tables.hpp"

namespace freellmapi::host {

namespace {

constexpr std::size_t answer_max = 64u * 1024 * 1024;

/// One answer being written. The plugin holds its address.
class AnswerWriter {
 public:
  AnswerWriter() {
    out_.size = sizeof out_;
    out_.ctx = this;
    out_.content_type = [](freellm_answer_out* out, freellm_str type) {
      return guarded(out, [&](AnswerWriter& self) {
        const std::string_view name = view(type);
        if (!self.answer_.content_type.empty() || name.empty() || name.size() > 128) return FREELLM_E_INVALID;
        for (const char c : name)
          if (c < ' ' || c > '~') return FREELLM_E_INVALID;
        self.answer_.content_type = name;
        return FREELLM_OK;
      });
    };
    out_.body = [](freellm_answer_out* out, const void* data, std::size_t size) {
      return guarded(out, [&](AnswerWriter& self) {
        if (size == 0) return FREELLM_OK;
        if (data == nullptr || self.answer_.content_type.empty()) return FREELLM_E_INVALID;
        if (size > answer_max - self.answer_.body.size()) return FREELLM_E_LIMIT;
        self.answer_.body.append(static_cast<const char*>(data), size);
        return FREELLM_OK;
      });
    };
    out_.input_tokens = [](freellm_answer_out* out, std::uint64_t tokens) {
      return guarded(out, [&](AnswerWriter& self) {
        self.answer_.input_tokens = tokens;
        return FREELLM_OK;
      });
    };
  }
  AnswerWriter(const AnswerWriter&) = delete;
  AnswerWriter& operator=(const AnswerWriter&) = delete;

  freellm_answer_out* out() noexcept { return &out_; }
  freellm_status fault() const noexcept { return fault_; }
  EndpointAnswer take() { return std::move(answer_); }

 private:
  template <class Write>
  static freellm_status guarded(freellm_answer_out* out, Write&& write) noexcept {
    auto& self = *static_cast<AnswerWriter*>(out->ctx);
    if (self.fault_ < 0) return self.fault_;
    try {
      const freellm_status status = write(self);
      if (status < 0) self.fault_ = status;
      return status;
    } catch (...) {
      return self.fault_ = FREELLM_E_LIMIT;
    }
  }

  freellm_answer_out out_{};
  EndpointAnswer answer_;
  freellm_status fault_ = FREELLM_OK;
};

}  // namespace

std::uint32_t Provider::endpoints() const noexcept { return endpoints_ == nullptr ? 0 : endpoints_->served; }

bool Provider::serves(std::uint32_t endpoint) const noexcept {
  return endpoint >= FREELLM_ENDPOINT_EMBEDDINGS && endpoint <= FREELLM_ENDPOINT_SPEECH &&
         (endpoints() & FREELLM_ENDPOINT_BIT(endpoint)) != 0;
}

base::Result<UpstreamRequest> Provider::build_endpoint(std::uint32_t endpoint,
                                                       const freellm_call& call) const {
  if (!serves(endpoint)) return error_of(FREELLM_E_UNSUPPORTED, id_, {});
  return written_by(id_, view(call.body), [&](RequestWriter& writer) {
    return call_plugin([&] { return endpoints_->build_request(raw_, endpoint, &call, writer.out()); });
  });
}

std::variant<EndpointAnswer, freellm_outcome> Provider::read_endpoint(std::uint32_t endpoint,
                                                                      const freellm_call& call,
                                                                      const freellm_head& head,
                                                                      std::string_view body) const {
  freellm_outcome malformed = blank_outcome();
  malformed.error_class = FREELLM_C_MALFORMED;
  if (!serves(endpoint)) return malformed;
  AnswerWriter writer;
  Fenced<freellm_outcome> failure{{}, blank_outcome(), {}};
  const freellm_status status = call_plugin([&] {
    return endpoints_->read_answer(raw_, endpoint, &call, &head, str(body), writer.out(), &failure.value);
  });
  if (!failure.intact() || status <= FREELLM_E_INTERNAL) return failed_outcome();
  const freellm_outcome said = known_outcome(failure.value);
  if (status < 0 && said.error_class != FREELLM_C_UNKNOWN) return said;
  if (status < 0 || writer.fault() < 0) return malformed;
  EndpointAnswer answer = writer.take();
  if (answer.body.empty()) return malformed;
  return answer;
}

}  // namespace freellmapi::host
