// A plugin that misbehaves in the way that the environment variable HOSTILE names. What each way is, and what comes of
// it, stands in hostile.py. Sigmoid and Softsign in f64; it misbehaves in Sigmoid only.
#include <fenv.h>
#include <pthread.h>
#include <unistd.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <thread>

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

#include "backproof/adapter.h"

namespace {

const bp_host_api* host = nullptr;

const char* way() {
  const char* name = std::getenv("HOSTILE");
  return name == nullptr ? "" : name;
}

bool is(const char* name) { return std::strcmp(way(), name) == 0; }

bp_str text_of(const char* text) { return {text, std::strlen(text)}; }

void crash() { *static_cast<volatile int*>(nullptr) = 1; }

[[noreturn]] void hang() {
  while (true) ::sleep(1);
}

// Deeper than any stack, and nothing that a compiler turns into a loop.
int descend(volatile int* outer, long depth) {
  volatile int here[1024];
  here[0] = *outer + 1;
  return depth == 0 ? here[0] : descend(here, depth - 1) + here[0];
}

double sigmoid(double x) {
  const double e = std::exp(-std::fabs(x));
  return x < 0 ? e / (1 + e) : 1 / (1 + e);
}

double softsign(double x) { return std::isinf(x) ? std::copysign(1, x) : x / (1 + std::fabs(x)); }

double value_of(bool soft, double x) { return soft ? softsign(x) : sigmoid(x); }
double slope_of(bool soft, double x) {
  return soft ? 1 / (1 + std::fabs(x)) / (1 + std::fabs(x)) : sigmoid(x) * sigmoid(-x);
}

bp_status answer(const bp_run_args* a, bool soft) {
  const bp_tensor* x = a->inputs[0];
  bp_tensor* y = nullptr;
  if (const bp_status s = host->alloc_output(a->call, 0, x->dtype, x->ndim, x->shape, &y); s != BP_OK) return s;
  std::int64_t n = 1;
  for (std::int32_t k = 0; k < x->ndim; ++k) n *= x->shape[k];
  const auto* from = static_cast<const double*>(x->data);
  auto* to = static_cast<double*>(y->data);
  for (std::int64_t i = 0; i < n; ++i)
    to[i] = a->mode == BP_VJP ? static_cast<const double*>(a->cotangents[0]->data)[i] * slope_of(soft, from[i])
                              : value_of(soft, from[i]);
  if (is("overrun") && !soft) to[n] = 1;
  if (is("underrun") && !soft) to[-1] = 1;
  return BP_OK;
}

bp_status allocate_only(const bp_run_args* a, bp_dtype type, std::int32_t rank, const std::int64_t* shape) {
  bp_tensor* y = nullptr;
  return host->alloc_output(a->call, 0, type, rank, shape, &y);
}

void flush_to_zero() {
#if defined(__SSE__)
  _mm_setcsr(_mm_getcsr() | 0x8040u);
#else
  fesetround(FE_UPWARD);
#endif
}

void divide_with_traps() {
  feenableexcept(FE_DIVBYZERO | FE_INVALID);
  volatile double zero = 0;
  volatile double quotient = 1 / zero;
  static_cast<void>(quotient);
}

// What happens before a sound answer, or instead of one.
bp_status misbehave(const bp_run_args* a) {
  const bp_tensor* x = a->inputs[0];
  const std::int64_t negative[] = {-1}, huge[] = {std::int64_t{1} << 30, std::int64_t{1} << 30};
  if (is("segfault")) crash();
  if (is("aborts")) std::abort();
  if (is("exits")) std::exit(0);
  if (is("overflows_stack")) {
    volatile int first = 0;
    return descend(&first, 1L << 40);
  }
  if (is("traps")) divide_with_traps();
  if (is("hangs")) hang();
  if (is("throws")) throw std::runtime_error("from a plugin");
  if (is("strange_status")) return 99;
  if (is("strange_type")) return allocate_only(a, {7, 3, 9}, 0, nullptr);
  if (is("negative_shape")) return allocate_only(a, x->dtype, 1, negative);
  if (is("huge_shape")) return allocate_only(a, x->dtype, 2, huge);
  if (is("writes_nothing")) return allocate_only(a, x->dtype, x->ndim, x->shape);
  if (is("flushes")) flush_to_zero();
  if (is("rounds_up")) fesetround(FE_UPWARD);
  if (is("prints")) std::puts("computing, and telling everybody");
  if (is("leaves_threads")) std::thread(hang).detach();
  const bp_status status = answer(a, false);
  if (is("leaves_traps")) feenableexcept(FE_DIVBYZERO | FE_INVALID | FE_OVERFLOW);
  std::int64_t n = 1;
  for (std::int32_t k = 0; k < x->ndim; ++k) n *= x->shape[k];
  if (is("writes_inputs") && n > 0) static_cast<double*>(x->data)[0] += 1;
  return status;
}

bool named(bp_str text, const char* name) { return std::string(text.ptr, text.len) == name; }

bp_status run(bp_adapter*, const bp_run_args* a) {
  if (named(a->op, "Softsign")) return answer(a, true);
  if (named(a->op, "Sigmoid")) return misbehave(a);
  return BP_UNIMPLEMENTED;
}

bp_str describe(bp_adapter*) {
  if (is("describe_crashes")) crash();
  if (is("describe_nonsense")) return text_of("no JSON at all");
  return text_of(R"({"protocol":1,"adapter":{"name":"hostile","version":"1"},"ops":[)"
                 R"({"op":"Sigmoid","domain":"ai.onnx","modes":["forward","vjp"],"dtypes":["f64"]},)"
                 R"({"op":"Softsign","domain":"ai.onnx","modes":["forward","vjp"],"dtypes":["f64"]}]})");
}

void destroy(bp_adapter*) {
  if (is("destroy_crashes")) crash();
  if (is("destroy_hangs")) hang();
}

}  // namespace

extern "C" BP_EXPORT bp_status backproof_adapter_create_v1(const bp_host_api* api, bp_str, bp_adapter** out) {
  host = api;
  if (is("create_crashes")) crash();
  if (is("create_refuses")) {
    host->log(host->host, 3, text_of("there is no device"));
    return BP_FAILED_PRECONDITION;
  }
  if (is("null_table")) return BP_OK;
  if (is("aborts_at_exit")) std::atexit(std::abort);
  static bp_adapter table{sizeof(bp_adapter), BP_ABI_MAJOR, BP_ABI_MINOR, nullptr, describe, run, nullptr, destroy};
  if (is("null_describe")) table.describe = nullptr;
  if (is("null_run")) table.run = nullptr;
  if (is("null_destroy")) table.destroy = nullptr;
  *out = &table;
  return BP_OK;
}
