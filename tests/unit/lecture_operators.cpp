// Every operator file of PyTorch's THNN library that the lectures list has its op here, and that op is sampled in the
// way the file needs: over as many spatial axes, and in the mode that the file is about. Headers and helpers of the
// library are mapped to the op they help.
#include "backproof/judge/oracle.hpp"
#include "backproof/op/registry.hpp"
#include "support.hpp"

namespace backproof::tests::in_lecture_operators {

BOOST_AUTO_TEST_SUITE(lecture_operators)

namespace {

struct operator_file {
  std::string_view file, op;
  std::size_t rank = 0;        // of the first input, batch and channels included; 0: any
  std::string_view mode = {};  // attribute `mode`; empty: any
};

constexpr operator_file files[] = {
    {"AbsCriterion.c", "l1_loss"},
    {"BCECriterion.c", "binary_cross_entropy"},
    {"ClassNLLCriterion.c", "NegativeLogLikelihoodLoss"},
    {"Col2Im.c", "Col2Im"},
    {"ELU.c", "Elu"},
    {"FeatureLPPooling.c", "feature_lp_pool"},
    {"GatedLinearUnit.c", "glu"},
    {"HardTanh.c", "hardtanh"},
    {"Im2Col.c", "unfold"},
    {"IndexLinear.c", "index_linear"},
    {"LeakyReLU.c", "LeakyRelu"},
    {"LogSigmoid.c", "log_sigmoid"},
    {"MSECriterion.c", "mse_loss"},
    {"MultiLabelMarginCriterion.c", "multilabel_margin_loss"},
    {"MultiMarginCriterion.c", "multi_margin_loss"},
    {"RReLU.c", "rrelu"},
    {"Sigmoid.c", "Sigmoid"},
    {"SmoothL1Criterion.c", "smooth_l1_loss"},
    {"SoftMarginCriterion.c", "soft_margin_loss"},
    {"SoftPlus.c", "softplus"},
    {"SoftShrink.c", "Shrink"},
    {"SparseLinear.c", "sparse_linear"},
    {"SpatialAdaptiveAveragePooling.c", "adaptive_avg_pool", 4},
    {"SpatialAdaptiveMaxPooling.c", "adaptive_max_pool", 4},
    {"SpatialAveragePooling.c", "AveragePool", 4},
    {"SpatialClassNLLCriterion.c", "NegativeLogLikelihoodLoss", 4},
    {"SpatialConvolutionMM.c", "Conv", 4},
    {"SpatialDilatedConvolution.c", "Conv", 4},
    {"SpatialDilatedMaxPooling.c", "MaxPool", 4},
    {"SpatialFractionalMaxPooling.c", "fractional_max_pool", 4},
    {"SpatialFullDilatedConvolution.c", "ConvTranspose", 4},
    {"SpatialMaxUnpooling.c", "MaxUnpool", 4},
    {"SpatialReflectionPadding.c", "Pad", 4, "reflect"},
    {"SpatialReplicationPadding.c", "Pad", 4, "edge"},
    {"SpatialUpSamplingBilinear.c", "Resize", 4, "linear"},
    {"SpatialUpSamplingNearest.c", "Resize", 4, "nearest"},
    {"Tanh.c", "Tanh"},
    {"TemporalReflectionPadding.c", "Pad", 3, "reflect"},
    {"TemporalReplicationPadding.c", "Pad", 3, "edge"},
    {"TemporalRowConvolution.c", "Conv", 3},
    {"TemporalUpSamplingLinear.c", "Resize", 3, "linear"},
    {"TemporalUpSamplingNearest.c", "Resize", 3, "nearest"},
    {"VolumetricAdaptiveAveragePooling.c", "adaptive_avg_pool", 5},
    {"VolumetricAdaptiveMaxPooling.c", "adaptive_max_pool", 5},
    {"VolumetricAveragePooling.c", "AveragePool", 5},
    {"VolumetricConvolutionMM.c", "Conv", 5},
    {"VolumetricDilatedConvolution.c", "Conv", 5},
    {"VolumetricDilatedMaxPooling.c", "MaxPool", 5},
    {"VolumetricFractionalMaxPooling.c", "fractional_max_pool", 5},
    {"VolumetricFullDilatedConvolution.c", "ConvTranspose", 5},
    {"VolumetricMaxUnpooling.c", "MaxUnpool", 5},
    {"VolumetricReplicationPadding.c", "Pad", 5, "edge"},
    {"VolumetricUpSamplingNearest.c", "Resize", 5, "nearest"},
    {"VolumetricUpSamplingTrilinear.c", "Resize", 5, "linear"},
    {"linear_upsampling.h", "Resize"},
    {"pooling_shape.h", "MaxPool"},
    {"unfold.c", "unfold"},
};

bool fits(const operator_file& f, const sample& x) {
  const bool axes = f.rank == 0 || (x.inputs[0] && x.inputs[0]->dims().size() == f.rank);
  return axes && (f.mode.empty() || x.attrs.text("mode") == f.mode);
}

}  // namespace

BOOST_AUTO_TEST_CASE(each_operator_file_has_its_op_sampled_in_its_way) {
  for (const operator_file& f : files) {
    const op* o = find_op(f.op);
    BOOST_TEST_REQUIRE(o != nullptr, "no op for " << f.file);
    bool sampled = false;
    for (std::uint64_t k = 0; k < 200 && !sampled; ++k) sampled = fits(f, draw_sample(*o, dtype::f64, 1, k));
    BOOST_TEST(sampled, f.op << " is never drawn as " << f.file << " needs it");
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::tests::in_lecture_operators
