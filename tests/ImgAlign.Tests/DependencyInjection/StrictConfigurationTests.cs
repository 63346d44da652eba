using System.Text;
using ImgAlign.Backbones;
using ImgAlign.DependencyInjection;
using ImgAlign.Runtime;
using ImgAlign.Testing.Reference;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ImgAlign.Tests.DependencyInjection;

/// <summary>A host whose options are bound to a configuration: whatever is not understood is an error when it starts.</summary>
public class StrictConfigurationTests
{
    [Theory]
    [InlineData("'Presicion': 'BFloat16'", "ImgAlign:Presicion is not an option; did you mean Precision?")]
    [InlineData("'Steps': 3", "ImgAlign:Steps is not an option; here are Aligner, Device, ")]
    [InlineData("'Sdlx': { 'ModelPath': 'x' }", "ImgAlign:Sdlx is not an option; did you mean Sdxl?")]
    [InlineData("'Sdxl': { 'ModelPath': 'x', 'Lora': [ { 'Path': 'a' } ] }", "ImgAlign:Sdxl:Lora is not an option; did you mean Loras?")]
    [InlineData(
        "'Sdxl': { 'ModelPath': 'x', 'Loras': [ { 'Path': 'a', 'Scael': 1 } ] }",
        "ImgAlign:Sdxl:Loras:0:Scael is not an option; did you mean Scale?"
    )]
    [InlineData(
        "'Sdxl': { 'ModelPath': 'x', 'Loras': [ 'a.safetensors' ] }",
        "ImgAlign:Sdxl:Loras:0 is 'a.safetensors', but an object with Path, Scale is needed."
    )]
    [InlineData("'Sdxl': { 'ModelPath': 'x', 'Loras': 'a.safetensors' }", "ImgAlign:Sdxl:Loras is 'a.safetensors', but a list is needed.")]
    [InlineData("'Sdxl': { 'ModelPath': 'x', 'Loras': { 'Path': 'a' } }", "ImgAlign:Sdxl:Loras is an object, but a list is needed.")]
    [InlineData(
        "'Sdxl': { 'ModelPath': 'x', 'Loras': [ { 'Path': 'a', 'Scale': '0,8' } ] }",
        "ImgAlign:Sdxl:Loras:0:Scale is '0,8', but a finite number such as 0.5 is needed."
    )]
    [InlineData("'Sdxl': { 'ModelPath': 'x', 'Loras': [ { 'Path': 'a', 'Scale': 'NaN' } ] }", "ImgAlign:Sdxl:Loras:0:Scale is 'NaN'")]
    [InlineData(
        "'Sdxl': { 'ModelPath': 'x', 'Storage': '1' }",
        "ImgAlign:Sdxl:Storage is '1', but one of AsStored, None, Int8, Float8 is needed."
    )]
    [InlineData("'Sdxl': [ 'x' ]", "ImgAlign:Sdxl:0 is not an option")]
    [InlineData("'Sdxl': { }", "ModelPath")]
    [InlineData("'Device': [ 'cpu' ]", "ImgAlign:Device is a list or an object, but a single value is needed.")]
    [InlineData("'Device': null", "ImgAlign:Device is null; give a value, or leave the key out for its default.")]
    [InlineData("'Device': 'tpu'", "Device must be cpu, cuda or cuda:N.")]
    [InlineData("'Precision': 'fp16'", "ImgAlign:Precision is 'fp16', but one of Auto, Float32, BFloat16, Float16 is needed.")]
    [InlineData("'Threads': '1,000'", "ImgAlign:Threads is '1,000', but a whole number up to 2147483647 is needed.")]
    [InlineData("'Threads': 1.5", "ImgAlign:Threads is '1.5'")]
    [InlineData("'Threads': 0", "Threads")]
    [InlineData("'Pipeline': { 'Policy': 'best' }", "Policy is 'best'; use rounds, best-of-n, greedy.")]
    [InlineData("'Pipeline': { 'Budget': 0 }", "Budget is 0; use 1 to 100.")]
    [InlineData("'RecordPrompts': 'yes'", "ImgAlign:RecordPrompts is 'yes', but true or false is needed.")]
    [InlineData(
        "'Pipeline': 'sdxl'",
        "ImgAlign:Pipeline is 'sdxl', but an object with Backbone, Preset, Replicas, Aligns, Detector, Aligner, Scorers, Gate, GateVote, "
            + "Policy, Budget is needed."
    )]
    [InlineData(
        "'Pipelines': { 'fast': { 'Detektor': 'x' } }",
        "ImgAlign:Pipelines:fast:Detektor is not an option; did you mean Detector?"
    )]
    [InlineData("'Pipelines': [ 'sdxl' ]", "ImgAlign:Pipelines:0 is 'sdxl', but an object with")]
    public void What_is_not_understood_is_refused_at_start(string json, string expected)
    {
        using var provider = Build(json);
        var exception = Assert.ThrowsAny<Exception>(provider.GetRequiredService<IStartupValidator>().Validate);
        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("'device': 'cpu', 'precision': 'bfloat16', 'Threads': 1, 'MemoryBudgetBytes': null, 'RecordPrompts': true")]
    [InlineData("'Sdxl': { 'ModelPath': 'x', 'Loras': [], 'VaePath': null }, 'Pipelines': {}")]
    [InlineData(
        "'Sdxl': { 'ModelPath': 'x', 'Loras': [ { 'Path': 'a', 'Scale': -0.5 }, { 'Path': 'b', 'Scale': 1e-1 } ] }, 'Models': { "
            + "'Aligner': { 'Path': 'x' } }"
    )]
    public void What_is_understood_is_not(string json)
    {
        using var provider = Build(json, withAligner: true);
        provider.GetRequiredService<IOptions<ImgAlignOptions>>();
        if (json.Contains("Sdxl", StringComparison.Ordinal))
            Assert.NotNull(provider.GetRequiredService<IOptionsMonitor<SdxlOptions>>().Get("sdxl"));
        Assert.NotNull(provider.GetRequiredService<IOptions<ImgAlignOptions>>().Value);
    }

    [Fact]
    public void Options_are_bound_as_written()
    {
        using var provider = Build("'Sdxl': { 'ModelPath': 'x', 'Loras': [ { 'Path': 'a', 'Scale': -0.5 }, { 'Path': 'b' } ] }");
        var loras = provider.GetRequiredService<IOptionsMonitor<SdxlOptions>>().Get("sdxl").Loras;
        Assert.Equal([("a", -0.5), ("b", 1)], loras.Select(static lora => (lora.Path, lora.Scale)));
    }

    private static ServiceProvider Build(string json, bool withAligner = false)
    {
        var text = $"{{ 'ImgAlign': {{ {json} }} }}".Replace('\'', '"');
        var section = new ConfigurationBuilder()
            .AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes(text)))
            .Build()
            .GetSection("ImgAlign");
        var services = new ServiceCollection();
        var builder = services
            .AddImplicitMultimodalGuidance(section)
            .UseSdxl(section.GetSection("Sdxl"))
            .UseBackbone(static provider => new ColourBackbone(provider.GetRequiredService<DeviceRuntime>()))
            .UseDetector(static provider => new ColourDetector(provider.GetRequiredService<DeviceRuntime>()))
            .UseAligner(static provider => new ColourAligner(provider.GetRequiredService<DeviceRuntime>()));
        builder.UseAligner(section.GetSection("Aligner"), "released");
        if (withAligner)
            builder.UseAligner(section.GetSection("Models:Aligner"), "another");
        return services.BuildServiceProvider();
    }
}
