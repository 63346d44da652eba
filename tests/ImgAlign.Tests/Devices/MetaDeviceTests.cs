using ImgAlign.Networks.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Devices;

/// <summary>What the meta device shows and what it does not: whether the tests beside this one can fail.</summary>
public class MetaDeviceTests
{
    /// <summary>Faults as they are made: each uses one tensor that was made without saying where.</summary>
    private static readonly Dictionary<string, Func<Tensor, Tensor>> Faults = new()
    {
        ["noise added to a sample"] = static x => x.Plus(randn(x.shape)),
        ["a factor for each channel"] = static x => x * ones(8),
        ["a rotary table"] = static x => Rope.Rotate(x, Rope.Table(0, x.shape[2], Rope.Frequencies(8, 10000, CPU), x.dtype)),
        ["positions into a table"] = static x => x.flatten(0, 2).index_select(0, TensorMath.Range(4, int64)),
        ["an embedding's ids"] = static _ => new EmbeddingTable(5, 8, META).call(zeros(1, 4, int64)),
        ["a mask of attention"] = static x => Attention.AttendHeads(x, x, x, bias: zeros(4, 4)),
        ["a mask of choice"] = static x => where(ones(4, 8).gt(tensor(0f)), x, x),
        ["zeros that are put in front"] = static x => cat([zeros(1, 2, 1, 8), x], 2),
        ["rows that replace others"] = static x => x.index_copy(2, TensorMath.Range(2, device: META), zeros(1, 2, 2, 8)),
        ["a weight of a linear layer"] = static x => nn.functional.linear(x, ones(3, 8)),
        ["a bias of a linear layer"] = static x => nn.functional.linear(x, ones(3, 8, device: META), ones(3)),
        ["a weight of a convolution"] = static x => nn.functional.conv2d(x, ones(3, 2, 1, 1), null, [1, 1], [0, 0]),
        ["a weight of a norm"] = static x => nn.LayerNorm(8).call(x),
        ["a weight of a group norm"] = static x => nn.GroupNorm(1, 2).call(x),
    };

    public static TheoryData<string> FaultNames => new(Faults.Keys);

    [Theory]
    [MemberData(nameof(FaultNames))]
    public void A_tensor_that_was_left_on_the_cpu_is_seen(string fault)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using var network = new TestNetwork(Faults[fault]);
        var x = zeros([1, 2, 4, 8], device: META);
        var seen = Assert.ThrowsAny<Exception>(() => MetaOperators.RequireTogether(() => network.call(x)));
        Assert.Matches("meta.*cpu|cpu.*meta", seen.Message);
    }

    [Fact]
    public void A_kernel_notes_where_it_was_called()
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var embedding = new EmbeddingTable(5, 8, META);
        var seen = Assert.ThrowsAny<Exception>(() => MetaOperators.RequireTogether(() => embedding.call(zeros(4, int64))));
        Assert.Equal("index_select got tensors on meta and cpu, in EmbeddingTable.forward", seen.Message);
    }

    // All that the networks use and a test on the meta device does not see, with the reason.
    [Fact]
    public void Operators_that_do_not_look()
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        MetaOperators.RequireTogether(() =>
        {
            var x = zeros([4, 8], device: META);
            // One number on the CPU may meet tensors on a GPU, too.
            _ = x.Plus(tensor(1f));
            // So may places on the CPU by which a tensor is indexed.
            _ = x[TensorMath.Range(2), TensorMath.Range(2)];
            // Copies are meant to go from one device to another.
            _ = x.copy_(ones(4, 8));
            // A product of matrices with a bias is one operator, addmm, whose kernel does not look; another one cannot be registered,
            // because libtorch's stable interface does not hand over its factors. Where a sample is a single vector (times, guidance,
            // pooled text), linear layers are computed by it.
            _ = nn.functional.linear(ones(4, 8), ones(3, 8, device: META), ones(3, device: META));
        });
    }

    private sealed class TestNetwork(Func<Tensor, Tensor> run) : nn.Module<Tensor, Tensor>(nameof(TestNetwork))
    {
        public override Tensor forward(Tensor x) => run(x);
    }
}
