using Microsoft.Extensions.Options;

namespace ImgAlign.Runtime;

/// <summary>The checks that the attributes of <see cref="RuntimeOptions"/> ask for, generated.</summary>
[OptionsValidator]
internal sealed partial class RuntimeOptionsValidator : IValidateOptions<RuntimeOptions>;
