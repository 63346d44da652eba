using ImgAlign.Detectors;
using ImgAlign.Imaging;
using ImgAlign.Networks.Layers;
using ImgAlign.Networks.Llava;
using ImgAlign.Testing.Golden;
using ImgAlign.Training.Data;
using ImgAlign.Training.Detector;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Training;

public sealed class InstructionTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();

    [Theory]
    [InlineData("llava-sft")]
    [InlineData("llava-sft-hf-batch")]
    public void Questions_with_answers_become_the_reference_s_tokens_and_labels(string name)
    {
        using var golden = GoldenCase.Load(Path.Combine(TestData.Golden, "mllm", name));
        var (model, tower) = (golden.CheckpointPath!, golden.PathOption("vision_tower"));
        var processor = new LlavaProcessor(LlavaConfig.Read(model, tower), model, tower, "vicuna_v1", "pad");
        foreach (var (row, sample) in golden.Options.GetProperty("samples").EnumerateArray().Index())
        {
            var made = processor.Instruct(
                ImageFile.Load(golden.Path(sample.GetProperty("image").GetString()!)),
                sample.GetProperty("question").GetString()!,
                sample.GetProperty("answer").GetString()!
            );
            var (ids, labels) = (
                golden.Inputs["input_ids"][row].data<long>().ToArray(),
                golden.Inputs["labels"][row].data<long>().ToArray()
            );
            Assert.Equal(ids.Take(made.Ids.Count), made.Ids.Select(id => (long)id));
            Assert.Equal(
                labels.Where(label => label != InstructionLoss.Ignored),
                made.Ids.TakeLast(made.AnswerLength).Select(id => (long)id)
            );
            Assert.True(made.Pixels!.equal(golden.Inputs["pixel_values"][row..(row + 1)]).all().item<bool>());
        }
    }

    [Theory]
    [InlineData("a <image> of a cat", "marks the picture's own place")]
    [InlineData(null, "tokens")]
    public void A_question_that_the_model_cannot_read_is_a_problem_of_its_sample_alone(string? prompt, string expected)
    {
        using var golden = GoldenCase.Load(Path.Combine(TestData.Golden, "mllm", "llava-sft"));
        var (model, tower) = (golden.CheckpointPath!, golden.PathOption("vision_tower"));
        var processor = new LlavaProcessor(LlavaConfig.Read(model, tower), model, tower, "vicuna_v1", aspectRatio: null);
        var image = golden.Path(golden.Options.GetProperty("samples")[0].GetProperty("image").GetString()!);
        var tooLong = string.Join(' ', Enumerable.Repeat("cat", 10_000));
        var questions = new TripletQuestions(
            [new EditTriplet(image, prompt ?? tooLong, "add a cat"), new EditTriplet(image, "a cat", "add a cat")],
            processor
        );
        Assert.Contains(expected, questions.FindProblem(0), StringComparison.Ordinal);
        Assert.Null(questions.FindProblem(1));
    }

    [Fact]
    public void Recomputed_activations_give_the_same_gradients()
    {
        var (plain, recomputed) = (new CompactLinear(6, 6, hasBias: true, CPU), new CompactLinear(6, 6, hasBias: true, CPU));
        var (x, other) = (rand(3, 6), rand(3, 6));
        using (no_grad())
        {
            plain.Weight.uniform_(-1, 1);
            plain.Bias!.uniform_(-1, 1);
            recomputed.Weight.copy_(plain.Weight);
            recomputed.Bias!.copy_(plain.Bias);
        }
        foreach (var parameter in plain.parameters().Concat(recomputed.parameters()))
            parameter.requires_grad = true;
        var (first, second) = (x.clone().requires_grad_(), x.clone().requires_grad_());
        plain.call(first).mul(other).sin().sum().backward();
        Recomputation.Run(recomputes: true, inputs => recomputed.call(inputs[0]).mul(inputs[1]), second, other).sin().sum().backward();
        Assert.True(first.grad!.equal(second.grad!).all().item<bool>());
        Assert.All(plain.parameters().Zip(recomputed.parameters()), pair => Assert.True(pair.First.grad!.allclose(pair.Second.grad!)));

        recomputed.zero_grad();
        Recomputation.Run(recomputes: true, inputs => recomputed.call(inputs[0]).mul(inputs[1]), x, other).sin().sum().backward();
        Assert.All(plain.parameters().Zip(recomputed.parameters()), pair => Assert.True(pair.First.grad!.allclose(pair.Second.grad!)));
    }

    public void Dispose() => scope.Dispose();
}
