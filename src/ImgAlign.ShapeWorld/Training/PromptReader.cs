using ImgAlign.Networks.Clip;
using ImgAlign.Runtime;
using ImgAlign.ShapeWorld.Models;
using ImgAlign.Tokenizers;
using static TorchSharp.torch;

namespace ImgAlign.ShapeWorld.Training;

/// <summary>Stands in a detector's place and reads the question only: SDXL's text features of it (the ablation "text embeddings" of IMG,
/// table 4).</summary>
internal sealed class PromptReader(DeviceRuntime runtime, WorldFolder world) : IMisalignmentDetector
{
    private readonly ClipTextModel text = NetworkFile.Read(
        new ClipTextModel(WorldNetworks.TextEncoder, META),
        world.TextEncoder,
        static (network, file) => network.Names(file)
    );
    private readonly ClipTextModel text2 = NetworkFile.Read(
        new ClipTextModel(WorldNetworks.TextEncoder2, META),
        world.TextEncoder2,
        static (network, file) => network.Names(file)
    );
    private readonly ClipTokenizer tokenizer = ClipTokenizer.Load(world.Tokenizer);

    public string Name => "SDXL's text encoders";

    public DeviceRuntime Runtime => runtime;

    public int HiddenSize => WorldNetworks.CrossWidth;

    public void CheckQuestion(string question) { }

    public IReadOnlyList<Detection> Detect(
        IReadOnlyList<DetectionInput> inputs,
        int critiqueTokens = 0,
        CancellationToken cancellationToken = default
    ) => [.. inputs.Select(input => Read(input.Question))];

    public void Dispose()
    {
        text.Dispose();
        text2.Dispose();
    }

    private Detection Read(string question)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var ids = CaptionTokens.Of(tokenizer, [question]).Ids;
        return new Detection(cat([text.call(ids).Penultimate, text2.call(ids).Penultimate], -1).MoveToOuterDisposeScope());
    }
}
