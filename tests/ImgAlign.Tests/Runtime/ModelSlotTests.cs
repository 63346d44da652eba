using ImgAlign.Checkpoints;
using ImgAlign.Networks.Layers;
using ImgAlign.Runtime;
using ImgAlign.Tests.Checkpoints;
using TorchSharp;

namespace ImgAlign.Tests.Runtime;

public class ModelSlotTests
{
    private static ModelSlot<CompactLinear> Slot(DeviceRuntime runtime) => new(runtime, Source(Read));

    private static ModelSource<CompactLinear> Source(Action<CompactLinear, NetworkWeights> open) =>
        new("test", () => new CompactLinear(8, 4, hasBias: true, torch.META), open);

    private static void Read(CompactLinear network, NetworkWeights weights) => weights.Add(network, new Ones(), WeightMap.Identity);

    /// <summary>A file of ones in float16.</summary>
    private sealed class Ones : Checkpoint
    {
        public override string Source => "ones";

        public override IReadOnlyDictionary<string, TensorInfo> Tensors { get; } =
            new Dictionary<string, TensorInfo>
            {
                ["weight"] = new("weight", torch.float16, [4, 8]),
                ["bias"] = new("bias", torch.float16, [4]),
            };

        public override torch.Tensor Read(string name) => torch.ones([.. Tensors[name].Shape], torch.float16);
    }

    [Fact]
    public void KeepAll_keeps_every_network()
    {
        using var runtime = new DeviceRuntime(new RuntimeOptions());
        using var first = Slot(runtime);
        using var second = Slot(runtime);
        first.Use().Dispose();
        second.Use().Dispose();
        runtime.Residency.Leave();
        Assert.True(first.IsOnDevice && second.IsOnDevice);
    }

    [Fact]
    public async Task Whoever_waits_for_weights_is_told_how_far_they_are()
    {
        using var runtime = new DeviceRuntime(new RuntimeOptions());
        using var slot = Slot(runtime);
        var told = new List<WeightsLoading>();
        runtime.Loading = told.Add;
        await runtime.RunAsync(() => slot.Use().Dispose());
        Assert.Equal([new("test", 128, 144), new("test", 144, 144)], told);
        await runtime.RunAsync(() => slot.Use().Dispose());
        Assert.Equal(2, told.Count);
    }

    [Fact]
    public async Task Reading_weights_can_be_cancelled_and_begun_anew()
    {
        using var runtime = new DeviceRuntime(new RuntimeOptions());
        using var slot = Slot(runtime);
        using var stop = new CancellationTokenSource();
        runtime.Loading = _ => stop.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => runtime.RunAsync(() => slot.Use().Dispose(), stop.Token));
        Assert.False(slot.IsLoaded);
        await runtime.RunAsync(() => slot.Use().Dispose());
        Assert.True(slot.IsLoaded);
    }

    [Fact]
    public async Task Networks_come_and_go_while_another_is_at_work()
    {
        using var runtime = new DeviceRuntime(new RuntimeOptions { Residency = ResidencyPolicy.LoadOnDemand });
        using var working = Slot(runtime);
        var work = runtime.RunAsync(() =>
        {
            for (var step = 0; step < 200; step++)
                working.Use().Dispose();
        });
        while (!work.IsCompleted)
            Slot(runtime).Dispose();
        await work;
    }

    [Theory]
    [InlineData(ResidencyPolicy.LoadOnDemand)]
    [InlineData(ResidencyPolicy.OffloadToHost)]
    public async Task A_slot_may_be_disposed_while_the_worker_takes_it_out(ResidencyPolicy policy)
    {
        using var runtime = new DeviceRuntime(new RuntimeOptions { Residency = policy, Threads = 1 }, torch.META);
        using var working = Slot(runtime);
        for (var attempt = 0; attempt < 100; attempt++)
        {
            var leaving = Slot(runtime);
            await runtime.RunAsync(() => leaving.Use().Dispose());
            var evictions = runtime.RunAsync(() => working.Use().Dispose()); // makes room
            leaving.Dispose();
            await evictions;
            await runtime.RunAsync(runtime.Residency.Unload);
            Assert.False(leaving.IsLoaded);
        }
        Assert.Equal(1, runtime.Residency.Count);
    }

    [Fact]
    public void A_network_outlives_its_slot_until_its_last_use_ends()
    {
        using var runtime = new DeviceRuntime(new RuntimeOptions());
        var slot = Slot(runtime);
        var lease = slot.Use();
        slot.Dispose();
        Assert.Equal(1f, lease.Model.Weight[0, 0].item<float>());
        Assert.Throws<ObjectDisposedException>(slot.Use);
        lease.Dispose();
        Assert.True(lease.Model.Weight.IsInvalid);
        slot.Dispose();
    }

    [Theory]
    [InlineData(0, null)]
    [InlineData(null, 0L)]
    public void Options_out_of_range_are_refused_without_a_container_too(int? threads, long? budget) =>
        Assert.Throws<ImgAlignException>(() => new DeviceRuntime(new RuntimeOptions { Threads = threads, MemoryBudgetBytes = budget }));

    [Fact]
    public void LoadOnDemand_releases_what_is_not_in_use()
    {
        using var runtime = new DeviceRuntime(new RuntimeOptions { Residency = ResidencyPolicy.LoadOnDemand });
        using var first = Slot(runtime);
        using var second = Slot(runtime);
        using (var lease = first.Use())
        {
            second.Use().Dispose();
            Assert.True(first.IsLoaded && second.IsLoaded);
        }
        second.Use().Dispose();
        Assert.False(first.IsLoaded);
        runtime.Residency.Leave();
        Assert.False(second.IsLoaded);
        using (var lease = first.Use())
            Assert.Equal(1f, lease.Model.Weight[0, 0].item<float>());
    }

    [Theory]
    [InlineData(ResidencyPolicy.KeepAll)]
    [InlineData(ResidencyPolicy.OffloadToHost)]
    [InlineData(ResidencyPolicy.LoadOnDemand)]
    public void No_policy_changes_the_number_of_live_tensors(ResidencyPolicy policy)
    {
        using var runtime = new DeviceRuntime(new RuntimeOptions { Residency = policy }, torch.META);
        using var first = Slot(runtime);
        using var second = Slot(runtime);
        var before = LiveTensors.Count();
        for (var i = 0; i < 2; i++)
        {
            first.Use().Dispose();
            second.Use().Dispose();
            runtime.Residency.Leave();
            Assert.Equal(before, torch.Tensor.TotalCount);
        }
        runtime.Residency.Unload();
        Assert.Equal(before, torch.Tensor.TotalCount);
        Assert.False(first.IsLoaded);
    }

    [Fact]
    public void Weights_are_counted_in_the_type_that_they_run_in()
    {
        using var runtime = new DeviceRuntime(new RuntimeOptions { Precision = Precision.BFloat16 });
        using var slot = Slot(runtime);
        Assert.Equal((8 * 4 + 4) * 2, slot.WeightBytes);
    }

    [Fact]
    public void OffloadToHost_keeps_the_host_weights_and_moves_only_what_is_in_use()
    {
        // The meta device stands for a second memory: what is on it has no data to copy back.
        using var runtime = new DeviceRuntime(
            new RuntimeOptions { Residency = ResidencyPolicy.OffloadToHost, Precision = Precision.BFloat16 },
            torch.META
        );
        using var first = Slot(runtime);
        using var second = Slot(runtime);
        CompactLinear network;
        using (var lease = first.Use())
        {
            network = lease.Model;
            Assert.Equal(DeviceType.META, network.Weight.device_type);
            Assert.Equal(torch.bfloat16, network.Weight.dtype);
        }
        second.Use().Dispose();
        Assert.False(first.IsOnDevice);
        Assert.Equal(DeviceType.CPU, network.Weight.device_type);
        Assert.Equal(torch.float16, network.Weight.dtype);
        Assert.Equal(1f, network.Weight[0, 0].to(torch.float32).item<float>());
        first.Use().Dispose();
        Assert.True(first.IsOnDevice && !second.IsOnDevice);
    }

    [Theory]
    [InlineData(WeightStorage.AsStored, torch.ScalarType.Byte, 34)]
    [InlineData(WeightStorage.None, torch.ScalarType.BFloat16, 64)]
    [InlineData(WeightStorage.Int8, torch.ScalarType.Int8, 32)]
    public void Quantized_weights_take_no_more_of_the_host_than_of_the_device(WeightStorage storage, torch.ScalarType type, int bytes)
    {
        using var folder = new TemporaryFolder();
        var builder = new GgufBuilder().Tensor("weight", 8, [32, 4], new byte[4 * 34]).Tensor("bias", 0, [4], new byte[16]);
        var path = folder.Write("x.gguf", builder.ToArray());
        var source = new ModelSource<CompactLinear>(
            "test",
            static () => new CompactLinear(32, 4, hasBias: true, torch.META),
            path,
            static (_, _) => WeightMap.Identity
        );
        var options = new RuntimeOptions { Residency = ResidencyPolicy.OffloadToHost, Precision = Precision.BFloat16 };
        using var runtime = new DeviceRuntime(options, torch.META);
        using var slot = new ModelSlot<CompactLinear>(runtime, source, storage: storage);
        using var other = Slot(runtime);
        using var lease = slot.Use();
        var network = lease.Model;
        Assert.Equal((DeviceType.META, type, 4L * bytes), Weight());
        lease.Dispose();
        other.Use().Dispose();
        Assert.Equal((DeviceType.CPU, type, 4L * bytes), Weight());
        Assert.Equal(torch.float32, network.Bias!.dtype); // a view of the file

        (DeviceType, torch.ScalarType, long) Weight() =>
            (network.Weight.device_type, network.Weight.dtype, network.Weight.numel() * network.Weight.element_size());
    }

    [Fact]
    public void A_network_that_cannot_be_loaded_leaves_nothing_and_may_be_tried_again()
    {
        using var runtime = new DeviceRuntime(new RuntimeOptions());
        var isBroken = false;
        using var slot = new ModelSlot<CompactLinear>(
            runtime,
            Source(
                (network, use) =>
                {
                    Read(network, use);
                    if (isBroken)
                        throw new ImgAlignException("broken");
                }
            )
        );
        isBroken = true;
        var before = LiveTensors.Count();
        Assert.Throws<ImgAlignException>(slot.Use);
        Assert.False(slot.IsLoaded);
        Assert.Equal(before, LiveTensors.Count());
        isBroken = false;
        slot.Use().Dispose();
        Assert.True(slot.IsLoaded);
    }

    [Theory]
    [InlineData("cuda:77", "cuda:77")]
    [InlineData("tpu", "tpu")]
    public void An_absent_device_is_an_error(string device, string named)
    {
        var exception = Assert.Throws<ImgAlignException>(() => new DeviceRuntime(new RuntimeOptions { Device = device }));
        Assert.Contains(named, exception.Message, StringComparison.Ordinal);
    }
}
