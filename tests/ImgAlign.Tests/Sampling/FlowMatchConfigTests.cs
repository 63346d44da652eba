using System.Text.Json;
using ImgAlign.Sampling;

namespace ImgAlign.Tests.Sampling;

public class FlowMatchConfigTests
{
    [Theory]
    [InlineData("""{"_class_name": "EulerDiscreteScheduler"}""", "EulerDiscreteScheduler")]
    [InlineData("""{"_class_name": "FlowMatchHeunDiscreteScheduler"}""", "FlowMatchHeunDiscreteScheduler")]
    [InlineData("""{"use_beta_sigmas": true}""", "use_beta_sigmas")]
    [InlineData("""{"time_shift_type": "odd"}""", "odd")]
    public void What_is_not_supported_is_named(string json, string expected) =>
        Assert.Contains(expected, Assert.Throws<ImgAlignException>(() => FlowMatchConfig.FromJson(JsonDocument.Parse(json).RootElement, "scheduler_config.json")).Message, StringComparison.Ordinal);
}
