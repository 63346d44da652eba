using ImgAlign.Training.Aligner;
using ImgAlign.Training.Detector;
using Microsoft.Extensions.Options;

namespace ImgAlign.Training;

// The checks that the attributes of the options ask for, generated.

[OptionsValidator]
internal sealed partial class TrainerOptionsValidator : IValidateOptions<TrainerOptions>;

[OptionsValidator]
internal sealed partial class AlignerTrainingOptionsValidator : IValidateOptions<AlignerTrainingOptions>;

[OptionsValidator]
internal sealed partial class DetectorTrainingOptionsValidator : IValidateOptions<DetectorTrainingOptions>;
