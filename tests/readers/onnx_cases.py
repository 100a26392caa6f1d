"""ONNX's own node cases: those that the reader answers, and those that it refuses and why.

With a + the later inputs are weights.
"""

ANSWERED = """
    add averagepool_2d_precomputed_pads averagepool_2d_precomputed_pads_count_include_pad
    averagepool_2d_precomputed_strides averagepool_2d_precomputed_same_upper averagepool_1d_default
    averagepool_2d_default averagepool_2d_same_upper averagepool_2d_same_lower averagepool_2d_pads
    averagepool_2d_pads_count_include_pad averagepool_2d_strides batchnorm_example batchnorm_epsilon
    clip clip_default_min clip_default_max concat_2d_axis_1 concat_2d_axis_negative_1 concat_3d_axis_1
    concat_3d_axis_2 concat_3d_axis_negative_2 concat_3d_axis_negative_1 basic_conv_with_padding
    basic_conv_without_padding conv_with_strides_padding conv_with_strides_no_padding
    conv_with_strides_and_asymmetric_padding conv_with_autopad_same dropout_default
    dropout_default_ratio dropout_random_old flatten_axis1 flatten_default_axis flatten_negative_axis3
    gemm_default_zero_bias gemm_default_no_bias gemm_default_scalar_bias
    gemm_default_single_elem_vector_bias gemm_default_vector_bias gemm_transposeB gemm_alpha gemm_beta
    globalaveragepool globalaveragepool_precomputed identity matmul_2d maxpool_2d_precomputed_pads
    maxpool_2d_precomputed_strides maxpool_2d_precomputed_same_upper maxpool_1d_default
    maxpool_2d_default maxpool_2d_same_upper maxpool_2d_same_lower maxpool_2d_pads maxpool_2d_strides
    relu reshape_reduced_dims reshape_extended_dims reshape_zero_dim reshape_zero_and_negative_dim
    averagepool_2d_ceil averagepool_2d_ceil_last_window_starts_on_pad maxpool_2d_ceil
    maxpool_2d_ceil_output_size_reduce_by_one softmax_example softmax_large_number squeeze_negative_axes
"""
REFUSED = {
    "a constant of other than one number a channel": """
        add+ add_bcast+ mul+ mul_bcast+
    """,
    "its values are not float32": """
        add_int8 add_int8+ add_int16 add_int16+ add_uint8 add_uint8+ add_uint16 add_uint16+ add_uint32
        add_uint32+ add_uint64 add_uint64+ clip_default_int8_min clip_default_int8_max
        clip_default_int8_inbounds clip_default_int8_inbounds_expanded identity_sequence identity_opt
        maxpool_2d_uint8 mul_int8 mul_int8+ mul_int16 mul_int16+ mul_uint8 mul_uint8+ mul_uint16 mul_uint16+
        mul_uint32 mul_uint32+ mul_uint64 mul_uint64+ edge_pad reflect_pad wrap_pad
    """,
    "it has no batch, or nothing after it": """
        add_bcast clip_example clip_inbounds clip_outbounds clip_splitbounds clip_min_greater_than_max
        clip_default_inbounds clip_default_inbounds_expanded concat_1d_axis_0 concat_1d_axis_negative_1
        dropout_default_old matmul_1d_3d matmul_1d_1d mul_example mul_example+ mul_bcast
    """,
    "its maps have three dimensions": """
        averagepool_3d_default averagepool_3d_dilations_small
        averagepool_3d_dilations_large_count_include_pad_is_0_ceil_mode_is_True
        averagepool_3d_dilations_large_count_include_pad_is_0_ceil_mode_is_False
        averagepool_3d_dilations_large_count_include_pad_is_1_ceil_mode_is_True
        averagepool_3d_dilations_large_count_include_pad_is_1_ceil_mode_is_False maxpool_3d_default
        maxpool_3d_dilations maxpool_3d_dilations_use_ref_impl maxpool_3d_dilations_use_ref_impl_large
    """,
    "a second output is used": """
        batchnorm_example_training_mode batchnorm_epsilon_training_mode dropout_default_mask
        dropout_default_mask_ratio training_dropout_default_mask training_dropout_mask
        training_dropout_zero_ratio_mask maxpool_with_argmax_2d_precomputed_pads
        maxpool_with_argmax_2d_precomputed_strides
    """,
    "it works along the batch, or along other axes than the operators do": """
        concat_2d_axis_0 concat_2d_axis_negative_2 concat_3d_axis_0 concat_3d_axis_negative_3 flatten_axis0
        flatten_axis2 flatten_axis3 flatten_negative_axis4 flatten_negative_axis2 flatten_negative_axis1
        reduce_mean_do_not_keepdims_example reduce_mean_do_not_keepdims_random reduce_mean_keepdims_example
        reduce_mean_keepdims_random reduce_mean_default_axes_keepdims_example
        reduce_mean_default_axes_keepdims_random reduce_mean_negative_axes_keepdims_example
        reduce_mean_negative_axes_keepdims_random softmax_axis_0 softmax_axis_2 softmax_negative_axis
        softmax_default_axis squeeze
    """,
    "it trains": """
        training_dropout_default training_dropout training_dropout_zero_ratio
    """,
    "a bias of its own for every sample": """
        gemm_default_matrix_bias
    """,
    "a product of other than vectors and a matrix of weights": """
        gemm_transposeA gemm_all_attributes matmul_3d matmul_4d matmul_bcast matmul_4d_1d
    """,
    "a pool with dilation": """
        averagepool_2d_dilations maxpool_2d_dilations
    """,
    "a product of two computed values": """
        mul
    """,
    "padding with other than zeros": """
        constant_pad constant_pad_axes constant_pad_negative_axes
    """,
    "elements change places, or move between samples": """
        reshape_reordered_all_dims reshape_reordered_last_dims reshape_one_dim reshape_negative_dim
        reshape_negative_extended_dims reshape_allowzero_reordered
    """,
    "a softmax of a map before another layer": """
        softmax_axis_1
    """,
}
