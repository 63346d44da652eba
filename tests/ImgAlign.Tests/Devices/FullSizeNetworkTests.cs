using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Devices;

/// <summary>
/// Every network in its published size runs on the meta device: there it takes no memory, and a tensor that was left on the CPU is seen, as it
/// would be on a GPU.
/// </summary>
public class FullSizeNetworkTests
{
    public static TheoryData<string> Names => new(FullSizeNetworks.All.Keys);

    [Theory]
    [MemberData(nameof(Names))]
    public void Everything_is_on_the_network_s_device(string name)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var (network, inputs, run, shape) = FullSizeNetworks.All[name]();
        using (network)
        {
            Assert.Empty(MetaOperators.Watch(() =>
            {
                var result = run(inputs);
                Assert.Equal((DeviceType.META, FullSizeNetworks.Type), (result.device_type, result.dtype));
                Assert.Equal(shape, result.shape);
            }));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void An_input_on_another_device_is_refused(string name)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var (network, inputs, run, _) = FullSizeNetworks.All[name]();
        using (network)
        {
            foreach (var (input, given) in inputs)
            {
                var misplaced = inputs.ToDictionary(static pair => pair.Key, pair => pair.Key == input ? empty(given.shape, given.dtype, CPU) : pair.Value);
                var error = Assert.Throws<ArgumentException>(() => MetaOperators.Watch(() => run(misplaced)));
                Assert.Matches($@"^\w+ is on meta, but its input {input} is on cpu; move it to meta before the call\.", error.Message);
            }
        }
    }
}
