// Tensors: bytes of a dtype in, numbers out, and strided views gathered into row-major order.
#include "backproof/tensor/tensor.hpp"

#include <numeric>

#include "support.hpp"

namespace backproof::tests::in_tensor {

BOOST_AUTO_TEST_SUITE(tensor)

using backproof::tensor;

namespace {

tensor counting(const backproof::shape& dims) {
  std::vector<double> x(static_cast<std::size_t>(size_of(dims)));
  std::iota(x.begin(), x.end(), 0);
  return tensor(dtype::f32, dims, x);
}

std::vector<double> elements(const tensor& t) {
  std::vector<double> x;
  for (index_t i = 0; i < t.count(); ++i) x.push_back(t.at(i));
  return x;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_new_tensor_is_zero_and_of_the_size_asked_for) {
  for (const dtype t : {dtype::f64, dtype::f32, dtype::f16, dtype::bf16, dtype::i64}) {
    const tensor x(t, {2, 3});
    BOOST_TEST((x.type() == t && x.dims() == backproof::shape{2, 3} && x.count() == 6));
    BOOST_TEST(x.bytes().size() == 6 * bytes_of(t));
    for (index_t i = 0; i < 6; ++i) BOOST_TEST(identical(x.at(i), 0));
  }
  BOOST_TEST(tensor(dtype::f32, {}).count() == 1);
  BOOST_TEST(tensor().count() == 0);
}

BOOST_AUTO_TEST_CASE(elements_are_rounded_to_nearest_when_set) {
  tensor h(dtype::f16, {3}), b(dtype::bf16, {1}), f(dtype::f32, {2});
  h.set(0, 0.1), h.set(1, 65519.99), h.set(2, 65520);
  BOOST_TEST((h.at(0) == 0x1.998p-4 && h.at(1) == 65504 && h.at(2) == infinity));
  b.set(0, 0.1);
  BOOST_TEST(b.at(0) == 0x1.9ap-4);
  f.set(0, 0.1), f.set(1, -1e300);
  BOOST_TEST((f.at(0) == double{0.1f} && f.at(1) == -infinity));
}

BOOST_AUTO_TEST_CASE(special_values_are_kept_in_every_float_type) {
  for (const dtype t : float_types) {
    tensor x(t, {1});
    for (const double v :
         {0.0, -0.0, infinity, -infinity, not_a_number, format_of(t).tiny(), -format_of(t).largest()}) {
      x.set(0, v);
      BOOST_TEST(identical(x.at(0), v));
    }
  }
}

BOOST_AUTO_TEST_CASE(equality_is_that_of_bits_type_and_shape) {
  const tensor a = vector_of(dtype::f32, {1, 0}), b = vector_of(dtype::f32, {1, -0.0});
  BOOST_TEST((a == vector_of(dtype::f32, {1, 0})));
  BOOST_TEST(!(a == b));
  BOOST_TEST(!(a == vector_of(dtype::f64, {1, 0})));
  BOOST_TEST(!(a == tensor(dtype::f32, {1, 2}, std::vector<double>{1, 0})));
}

BOOST_AUTO_TEST_CASE(a_view_of_a_tensor_copies_to_the_same_tensor) {
  for (const auto& dims : std::vector<backproof::shape>{{}, {5}, {2, 3, 4}, {0, 3}}) {
    const tensor t = counting(dims);
    BOOST_TEST((tensor_view(t).copy() == t));
  }
}

BOOST_AUTO_TEST_CASE(strided_views_are_gathered) {
  const tensor t = counting({2, 3});  // 0 1 2 / 3 4 5
  tensor_view v(t);
  v.dims = {3, 2}, v.strides = {1, 3};  // transposed
  BOOST_TEST((elements(v.copy()) == std::vector<double>{0, 3, 1, 4, 2, 5}));
  v.dims = {2, 2}, v.strides = {3, 2};  // every other column
  BOOST_TEST((elements(v.copy()) == std::vector<double>{0, 2, 3, 5}));
  v.dims = {2, 3}, v.strides = {0, 1};  // one row, expanded
  BOOST_TEST((elements(v.copy()) == std::vector<double>{0, 1, 2, 0, 1, 2}));
  v.dims = {6}, v.strides = {-1}, v.data = t.bytes().data() + std::ptrdiff_t{5} * 4;  // backwards
  BOOST_TEST((elements(v.copy()) == std::vector<double>{5, 4, 3, 2, 1, 0}));
}

BOOST_AUTO_TEST_CASE(values_are_read_by_position_and_by_coordinates) {
  values<double> x({2, 3});
  BOOST_TEST((x.present() && x.rank() == 2 && x.extent(1) == 3 && x.extent(-2) == 2 && x.size() == 6));
  x(1, 2) = 7;
  BOOST_TEST(x[5] == 7);
  BOOST_TEST((!values<double>().present() && values<double>(backproof::shape{}).size() == 1));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::tests::in_tensor
