using ImgAlign.Checkpoints;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Tests.Golden;

/// <summary>What the runner makes of cases that are not as they should be: an empty comparison is not agreement.</summary>
public sealed class GoldenRunnerTests : IDisposable
{
    private const string Case = """{ "kind": "double", "tolerance": { "atol": 1e-6, "rtol": 0 } }""";

    private readonly string folder = Directory.CreateTempSubdirectory("imgalign-golden").FullName;
    private readonly GoldenRunner runner = new GoldenRunner().Add(
        "double",
        (golden, _) => new Dictionary<string, torch.Tensor> { ["y"] = golden.Inputs["x"] * 2 }
    );

    [Fact]
    public void A_case_that_agrees_passes() => Assert.True(Run(("in.x", 1.5f), ("out.y", 3)).Passed);

    [Fact]
    public void A_case_that_differs_fails() =>
        Assert.Contains("y differs by", Problem(Run(("in.x", 1.5f), ("out.y", 3.1f))), StringComparison.Ordinal);

    [Fact]
    public void A_case_without_outputs_of_the_reference_is_an_error() =>
        Assert.Contains("nothing to compare with", Problem(Run(("in.x", 1.5f))), StringComparison.Ordinal);

    [Fact]
    public void A_case_without_tensors_is_an_error() =>
        Assert.Contains("nothing to compare with", Problem(Run()), StringComparison.Ordinal);

    [Fact]
    public void An_output_that_is_not_computed_fails() =>
        Assert.Contains("z was not computed", Problem(Run(("in.x", 1.5f), ("out.y", 3), ("out.z", 3))), StringComparison.Ordinal);

    [Fact]
    public void An_exception_is_the_case_s_error() =>
        Assert.Contains(nameof(KeyNotFoundException), Problem(Run(("out.y", 3))), StringComparison.Ordinal);

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static string Problem(GoldenResult result)
    {
        Assert.False(result.Passed);
        return Assert.Single(result.Problems);
    }

    private GoldenResult Run(params (string Name, float Value)[] tensors)
    {
        using var scope = torch.NewDisposeScope();
        File.WriteAllText(Path.Combine(folder, "case.json"), Case);
        if (tensors.Length > 0)
            SafetensorsWriter.Write(
                Path.Combine(folder, "tensors.safetensors"),
                tensors.ToDictionary(tensor => tensor.Name, tensor => torch.tensor([tensor.Value]))
            );
        return runner.Run(folder, torch.CPU);
    }
}
