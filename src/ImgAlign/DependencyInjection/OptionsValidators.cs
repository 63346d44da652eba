using ImgAlign.Alignment;
using ImgAlign.Backbones;
using ImgAlign.Detectors;
using ImgAlign.Scorers;
using Microsoft.Extensions.Options;

namespace ImgAlign.DependencyInjection;

// The checks that the attributes of the options ask for, generated.

[OptionsValidator]
internal sealed partial class SdxlOptionsValidator : IValidateOptions<SdxlOptions>;

[OptionsValidator]
internal sealed partial class FluxOptionsValidator : IValidateOptions<FluxOptions>;

[OptionsValidator]
internal sealed partial class ZImageOptionsValidator : IValidateOptions<ZImageOptions>;

[OptionsValidator]
internal sealed partial class LlavaOptionsValidator : IValidateOptions<LlavaOptions>;

[OptionsValidator]
internal sealed partial class QwenOptionsValidator : IValidateOptions<QwenOptions>;

[OptionsValidator]
internal sealed partial class Qwen3VlOptionsValidator : IValidateOptions<Qwen3VlOptions>;

[OptionsValidator]
internal sealed partial class AlignerOptionsValidator : IValidateOptions<AlignerOptions>;

[OptionsValidator]
internal sealed partial class ClipScoreOptionsValidator : IValidateOptions<ClipScoreOptions>;

[OptionsValidator]
internal sealed partial class PickScoreOptionsValidator : IValidateOptions<PickScoreOptions>;

[OptionsValidator]
internal sealed partial class HpsOptionsValidator : IValidateOptions<HpsOptions>;

[OptionsValidator]
internal sealed partial class AestheticOptionsValidator : IValidateOptions<AestheticOptions>;

[OptionsValidator]
internal sealed partial class ImageRewardOptionsValidator : IValidateOptions<ImageRewardOptions>;

[OptionsValidator]
internal sealed partial class Hpsv3OptionsValidator : IValidateOptions<Hpsv3Options>;

[OptionsValidator]
internal sealed partial class VqaScoreOptionsValidator : IValidateOptions<VqaScoreOptions>;

[OptionsValidator]
internal sealed partial class SoftTifaOptionsValidator : IValidateOptions<SoftTifaOptions>;

[OptionsValidator]
internal sealed partial class ImgAlignOptionsValidator : IValidateOptions<ImgAlignOptions>;
