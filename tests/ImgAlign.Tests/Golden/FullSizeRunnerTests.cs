using ImgAlign.Networks.Llama;
using ImgAlign.Runtime;
using ImgAlign.Testing.SelfTest;
using TorchSharp;

namespace ImgAlign.Tests.Golden;

/// <summary>The self-test's mechanism, on a network that is small enough for tests.</summary>
public sealed class FullSizeRunnerTests
{
    private static readonly LlamaConfig Small = new()
    {
        VocabSize = 100,
        HiddenSize = 64,
        IntermediateSize = 96,
        NumHiddenLayers = 3,
        NumAttentionHeads = 4,
    };

    [Fact]
    public async Task Float32_is_the_reference_and_bfloat16_is_near_it()
    {
        var results = await RunAsync(bound: 0.1, static values => values);

        Assert.Equal([Precision.Float32, Precision.BFloat16], results.Select(static result => result.Precision));
        Assert.All(results, static result => Assert.Equal(DoctorVerdict.Fine, result.Verdict));
        Assert.Null(results[0].Error);
        Assert.InRange(results[1].Error!.Value, 1e-4, 0.1);
    }

    [Fact]
    public async Task A_type_that_is_not_near_enough_is_a_problem()
    {
        var result = (await RunAsync(bound: 1e-6, static values => values))[^1];
        Assert.Equal((DoctorVerdict.Problem, "the error is larger than 1E-06"), (result.Verdict, result.Problem));
    }

    [Fact]
    public async Task Numbers_that_are_not_finite_are_a_problem()
    {
        var results = await RunAsync(
            bound: 0.1,
            static values => values.dtype == torch.float32 ? values : values.Times(double.PositiveInfinity)
        );
        Assert.Equal((DoctorVerdict.Problem, double.NaN), (results[^1].Verdict, results[^1].Error));
    }

    [Fact]
    public async Task A_step_that_cannot_be_computed_is_a_problem_with_its_reason()
    {
        var result = Assert.Single(await RunAsync(bound: 0.1, static _ => throw new InvalidOperationException("no kernel")));
        Assert.Equal((DoctorVerdict.Problem, "no kernel"), (result.Verdict, result.Problem));
    }

    [Fact]
    public void Weights_are_the_same_in_every_type_and_keep_the_size_of_what_they_multiply()
    {
        using var scope = torch.NewDisposeScope();
        using var network = new LlamaModel(Small, torch.META);
        using var weights = new RepeatedWeights(network);
        foreach (var name in weights.Tensors.Keys)
        {
            var values = weights.Read(name).to(torch.float32);
            Assert.True(values.Equals(values.to(torch.float16).to(torch.float32)), name);
            Assert.True(values.Equals(weights.Read(name).to(torch.float32)), name);
        }
        var product = torch.randn(8, Small.HiddenSize).mm(weights.Read("layers.1.self_attn.q_proj.weight").to(torch.float32).t());
        Assert.InRange(product.std().item<float>(), 0.5, 2);
    }

    private static async Task<List<FullSizeResult>> RunAsync(double bound, Func<torch.Tensor, torch.Tensor> change)
    {
        var test = FullSizeTest.Create(
            $"a small LLaMA",
            $"8 tokens",
            bound,
            static device => new LlamaModel(Small, device),
            (model, inputs) => change(model.Run(model.Embed(inputs.Ids(8, Small.VocabSize))))
        );
        var results = new List<FullSizeResult>();
        await foreach (var result in new FullSizeRunner("cpu").RunAsync(test))
            results.Add(result);
        return results;
    }
}
