// Errors in OpenAI's dialect: one place makes them all.
#pragma once

#include <string>
#include <string_view>

#include "chat/fault.hpp"
#include "relay/encoder.hpp"

namespace freellmapi::surfaces::openai {

/// OpenAI's error type for a status: invalid_request_error, authentication_error, permission_error,
/// not_found_error, rate_limit_error or server_error.
std::string_view error_type(int status) noexcept;

/// {"error":{"message","type","param","code","retry_after"?,"details"?},"request_id"}. A type left empty
/// follows from the status.
std::string error_body(std::string_view request_id, const relay::Failure& failure);

/// The body with its fields: content-type; retry-after where known; x-should-retry: false where the status
/// makes an SDK try again and that would be useless (nothing comes back within the minute for which SDKs
/// wait).
relay::Reply error_reply(std::string_view request_id, const relay::Failure& failure);

/// A client's fault as a failure.
relay::Failure failure_of(const chat::Fault& fault);

}  // namespace freellmapi::surfaces::openai
