using ImgAlign.Checkpoints;
using ImgAlign.Networks.Layers;
using ImgAlign.Runtime;
using ImgAlign.Tests.Checkpoints;
using TorchSharp;

namespace ImgAlign.Tests.Runtime;

public sealed class ModelSourceTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(ResidencyPolicy.KeepAll, false)]
    [InlineData(ResidencyPolicy.LoadOnDemand, true)]
    public void A_checkpoint_that_was_replaced_is_not_loaded(ResidencyPolicy policy, bool wasUsed)
    {
        using var runtime = new DeviceRuntime(new RuntimeOptions { Residency = policy, Threads = 1 });
        Write(1);
        using var slot = Slot(runtime);
        if (wasUsed)
            slot.Use().Dispose();
        runtime.Residency.Leave();
        Write(2); // the same names, shapes and length
        var exception = Assert.Throws<CheckpointException>(() => slot.Use());
        Assert.Contains("replaced", exception.Message, StringComparison.Ordinal);
        Assert.Equal(folder.File("model.safetensors"), exception.Path);
        using var anew = Slot(runtime);
        using var lease = anew.Use();
        Assert.Equal(2, lease.Model.Weight[0, 0].item<float>());
    }

    private ModelSlot<CompactLinear> Slot(DeviceRuntime runtime) =>
        new(
            runtime,
            new ModelSource<CompactLinear>(
                "test",
                () => new CompactLinear(8, 4, hasBias: false, torch.META),
                folder.Path,
                static (_, _) => WeightMap.Identity
            )
        );

    private void Write(float value)
    {
        using var scope = torch.NewDisposeScope();
        SafetensorsWriter.Write(
            folder.File("model.safetensors"),
            new Dictionary<string, torch.Tensor> { ["weight"] = torch.full([4, 8], value) }
        );
    }
}
